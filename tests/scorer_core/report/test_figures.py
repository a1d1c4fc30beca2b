"""The figures of runs that no other test has: very long ones, and ones with nothing to compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from scorer_core.report.figures.drawing import Drawing
from scorer_core.report.figures.shares import draw_shares
from scorer_core.report.figures.trials import (
    MAX_BARS,
    MAX_POINTS,
    NAMED_LANES,
    SHORTEST,
    draw_lanes,
    draw_objective,
    lanes_height,
)
from scorer_core.report.words import count, moment, number, p_value, pairs, powers, seconds, value
from scorer_core.run.trials import Trial
from scorer_core.scoring.objective import Reason
from tests.support.trials import scored
from tests.support.trials import timed_trial as trial


def drawn(draw: Callable[[Axes], None]) -> Axes:
    axes = Figure(figsize=(14, 4), dpi=72).add_subplot()
    draw(axes)
    return axes


def bars(trials: list[Trial]) -> list[tuple[float, float]]:
    """Return start and length of each bar."""
    collections = drawn(partial(draw_lanes, trials=trials)).collections
    paths = [path for one in collections if isinstance(one, PolyCollection) for path in one.get_paths()]
    spans = [np.asarray(path.vertices)[:, 0] for path in paths]
    return [(float(min(span)), float(max(span) - min(span))) for span in spans]


def lines(trials: list[Trial], candidate: int | None) -> dict[str, Any]:
    """Return the points of each line by its name."""
    axes = drawn(partial(draw_objective, trials=trials, candidate=candidate))
    return {str(line.get_label()): np.asarray(line.get_xydata()).tolist() for line in axes.lines}


def test_up_to_the_limit_every_trial_has_its_bar() -> None:
    assert len(bars([trial(place) for place in range(MAX_BARS)])) == MAX_BARS


def test_beyond_the_limit_trials_without_a_gap_share_a_bar_over_the_same_time() -> None:
    assert bars([trial(place) for place in range(MAX_BARS + 4)]) == [(0.0, (MAX_BARS + 4) / 4)] * 4


def test_beyond_the_limit_a_pause_still_shows() -> None:
    early = [trial(place) for place in range(MAX_BARS)]
    late = [trial(place, pause=0.5) for place in range(MAX_BARS, MAX_BARS + 4)]

    each = MAX_BARS / 4
    assert sorted(bars([*early, *late])) == [(0.0, each)] * 4 + [(1.5 * each, 1.0)] * 4


def test_few_lanes_are_named_and_of_many_the_rigs() -> None:
    few = [trial(place, gpus=26) for place in range(26)]
    many = [trial(place, gpus=208) for place in range(208)]

    named, thin = (drawn(partial(draw_lanes, trials=trials)) for trials in (few, many))

    assert [label.get_text() for label in named.get_yticklabels()] == [f"rig · gpu {gpu}" for gpu in range(26)]
    assert [label.get_text() for label in thin.get_yticklabels()] == ["rig"]
    assert len(named.collections) == 26 <= NAMED_LANES < 208 == len(thin.collections)
    assert lanes_height(few) < 600
    assert lanes_height(many) < 1400


@pytest.mark.slow
def test_of_a_very_long_run_some_trials_are_drawn_and_every_best_one() -> None:
    total, bests = 5 * MAX_POINTS, {1: 0.2, 3: 0.3, 4999: 0.4}
    trials = [trial(place, gpus=1, objective=bests.get(place, 0.1)) for place in range(total)]

    found = lines(trials, 4999)

    assert MAX_POINTS <= len(found["trial"]) <= MAX_POINTS + 4
    assert {0.1, *bests.values()} == {height for _, height in found["trial"]}
    assert found["best so far"] == [[1, 0.1], [2, 0.2], [4, 0.3], [5000, 0.4], [5000, 0.4]]
    assert found["candidate"] == [[5000, 0.4]]


def test_the_objective_is_drawn_in_order_of_finish_with_rejected_masks_at_the_bottom() -> None:
    trials = [trial(place, gpus=1, objective=objective) for place, objective in enumerate((0.2, -1.0, 0.4))]
    trials[1] = scored(trials[1], -1.0, Reason.KEEP_TOO_HIGH)

    found = lines(trials[::-1], 2)

    assert found["trial"] == [[1, 0.2], [3, 0.4]]
    [[place, height]] = found["mask rejected"]
    assert (place, height) == (2, pytest.approx(0.2 - 0.08 * 0.2))
    assert found["best so far"] == [[1, 0.2], [3, 0.4], [3, 0.4]]
    assert found["candidate"] == [[3, 0.4]]


def test_rejected_masks_stand_beside_a_word_and_beside_no_number() -> None:
    trials = [trial(place, gpus=1, objective=objective) for place, objective in enumerate((0.2, -0.6, 0.4))]
    trials[1] = scored(trials[1], -1.0, Reason.KEEP_TOO_HIGH)

    axes = drawn(partial(draw_objective, trials=trials, candidate=None))

    written = {label.get_text(): place for place, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)}
    assert written.pop("rejected") == np.min(np.asarray(axes.lines[1].get_ydata()))
    assert min(written.values()) >= 0.2


def test_a_sweep_is_drawn_in_words_of_shards() -> None:
    axes = drawn(partial(draw_objective, trials=[trial(0), trial(1)], candidate=None, unit="shard"))

    assert axes.get_xlabel() == "shards in order of finish"
    assert [str(line.get_label()) for line in axes.lines] == ["shard", "best so far"]


def test_the_shortest_trials_are_seen_on_their_lanes() -> None:
    trials = [trial(0), replace(trial(4000), seconds=0.0, finished_at=trial(4000).started_at)]

    (_, _), (_, shortest) = sorted(bars(trials))

    assert shortest == pytest.approx(SHORTEST * 1000.0)


@pytest.mark.parametrize("count", [0, 1])
def test_figures_of_nearly_nothing_can_be_drawn(count: int) -> None:
    trials = [trial(place) for place in range(count)]

    assert len(bars(trials)) == count
    assert len(lines(trials, 0)["trial"]) == count
    assert "<svg" in Drawing("x", "x", "", 200, partial(draw_objective, trials=trials, candidate=None)).svg


def test_a_mask_that_keeps_nothing_has_a_bar_of_no_length() -> None:
    kept = {"label": "kept by the candidate", "minority": 0, "rows": 0}

    axes = drawn(partial(draw_shares, bars=[kept]))

    assert [patch.get_width() for patch in axes.patches] == [0.0]  # type: ignore[attr-defined]


def test_a_figure_is_drawn_for_a_desk_and_for_a_phone_with_text_that_is_text() -> None:
    hostile = "$\\frac{1}$ <b> & \x1b"

    svg = Drawing("x", hostile, "", 200, partial(draw_shares, bars=[{"label": hostile, "minority": 1, "rows": 2}])).svg

    assert svg.count("<svg") == 2
    assert 'class="drawn wide"' in svg
    assert 'class="drawn narrow"' in svg
    assert svg.count(">$\\frac{1}$ &lt;b&gt; &amp; \N{REPLACEMENT CHARACTER}</text>") == 2
    assert "<style" not in svg


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (number(None), "–"),
        (number(44647), "44,647"),
        (number(-0.25), "−0.25"),
        (number(1.5e-49, 2), "1.5 × 10⁻⁴⁹"),
        (number(0.0), "0"),
        (p_value(0.0), "< 10⁻³⁰⁰"),
        (p_value(0.174), "0.17"),
        (value([1, None, True]), "1, –, yes"),
        (value({"a": 1, "b": "text"}), "a 1; b text"),
        (seconds(0.000_69), "0.69 ms"),
        (seconds(0.0), "0 s"),
        (seconds(3.21), "3.2 s"),
        (seconds(90.0), "90 s"),
        (seconds(600.0), "10.0 min"),
        (seconds(86_400.0), "24.0 h"),
        (count(1, "node"), "1 node"),
        (count(1200, "trial"), "1,200 trials"),
        (powers("p = 10^-151, then 8.7e-06."), "p = 10⁻¹⁵¹, then 8.7 × 10⁻⁶."),
        (powers("worker 1e5b, 12e-3x, 2.5e-12"), "worker 1e5b, 12e-3x, 2.5 × 10⁻¹²"),
        (moment("2026-03-01T04:00:00.5+01:00"), "2026-03-01 03:00:00 UTC"),
    ],
)
def test_numbers_are_told_as_a_reader_expects_them(told: str, wanted: str) -> None:
    assert told == wanted


def test_a_p_value_of_a_check_is_never_told_as_zero() -> None:
    assert pairs({"p_value": 0.0, "kept": 0}) == [("p value", "< 10⁻³⁰⁰"), ("kept", "0")]
