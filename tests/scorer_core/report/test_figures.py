"""The figures of runs that no other test has: very long ones, and ones with nothing to compare."""

from __future__ import annotations

from typing import Any

import pytest

from scorer_core.report.figures import MAX_BARS, MAX_POINTS, lanes_figure, objective_figure, shares_figure
from scorer_core.report.words import moment, number, p_value, pairs, seconds, value
from tests.support.trials import timed_trial as trial


def bars(figure: Any) -> list[tuple[float, float]]:
    return [span for trace in figure.data for span in zip(trace.base, trace.x, strict=True)]


def test_up_to_the_limit_every_trial_has_its_bar() -> None:
    assert len(bars(lanes_figure([trial(place) for place in range(MAX_BARS)]))) == MAX_BARS


def test_beyond_the_limit_trials_without_a_gap_share_a_bar_over_the_same_time() -> None:
    trials = [trial(place) for place in range(MAX_BARS + 4)]

    assert bars(lanes_figure(trials)) == [(0.0, (MAX_BARS + 4) / 4)] * 4


def test_beyond_the_limit_a_pause_still_shows() -> None:
    early = [trial(place) for place in range(MAX_BARS)]
    late = [trial(place, pause=0.5) for place in range(MAX_BARS, MAX_BARS + 4)]

    spans = bars(lanes_figure([*early, *late]))

    assert sorted(spans) == [(0.0, 1000.0)] * 4 + [(1500.0, 1.0)] * 4


@pytest.mark.slow
def test_of_a_very_long_run_some_trials_are_drawn_and_every_best_one() -> None:
    total, bests = 5 * MAX_POINTS, {1: 0.2, 3: 0.3, 9999: 0.4}
    trials = [trial(place, gpus=1, objective=bests.get(place, 0.1)) for place in range(total)]

    traces = {trace.name: trace for trace in objective_figure(trials, 9999).data}

    assert MAX_POINTS <= len(traces["trial"].x) <= MAX_POINTS + 4
    assert {0.1, *bests.values()} == set(traces["trial"].y)
    assert list(traces["best so far"].x) == [1, 2, 4, 10_000, total]
    assert list(traces["best so far"].y) == [0.1, 0.2, 0.3, 0.4, 0.4]
    assert list(traces["candidate"].y) == [0.4]


@pytest.mark.parametrize("count", [0, 1])
def test_figures_of_nearly_nothing_can_be_drawn(count: int) -> None:
    trials = [trial(place) for place in range(count)]

    assert len(bars(lanes_figure(trials))) == count
    assert [len(trace.x) for trace in objective_figure(trials, 0).data if trace.name == "trial"] == [count]


def test_a_mask_that_keeps_nothing_has_a_bar_of_no_height() -> None:
    kept = {"label": "kept by the candidate", "minority": 0, "rows": 0}

    figure = shares_figure([{"name": "The whole pool", "bars": [kept]}])

    assert list(figure.data[0].y) == [0.0]


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
        (moment("2026-03-01T04:00:00.5+01:00"), "2026-03-01 03:00:00 UTC"),
    ],
)
def test_numbers_are_told_as_a_reader_expects_them(told: str, wanted: str) -> None:
    assert told == wanted


def test_a_p_value_of_a_check_is_never_told_as_zero() -> None:
    assert pairs({"p_value": 0.0, "kept": 0}) == [("p value", "< 10⁻³⁰⁰"), ("kept", "0")]
