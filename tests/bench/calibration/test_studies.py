"""Tiny runs of every study, through the command line as the Makefile calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.calibration.__main__ import main
from bench.calibration.coverage import covered
from bench.calibration.engines import engine_named, spec_named
from bench.calibration.intervals import share
from bench.calibration.pools import random_label_pool
from bench.calibration.power import PowerRun
from bench.calibration.samplers import ways
from bench.calibration.sequence import random_search, sampled_pools
from scorer_core.errors import InputError
from scorer_core.search.one_lane import search_one_lane

pytestmark = pytest.mark.slow

SMALL = ("--workers", "1", "--rows", "3000", "--examined", "1500")


def study(folder: Path, name: str, *options: str) -> dict[str, Any]:
    assert main([name, *SMALL, "--results", str(folder), *options]) == 0
    result: dict[str, Any] = json.loads((folder / f"calibration-{name}.json").read_text())
    return result


def test_a_null_study_counts_verdicts_and_p_values_of_both_kinds_of_pool(tmp_path: Path) -> None:
    result = study(tmp_path, "null", "--runs", "6", "--engine", "random-12@300")
    (condition,) = result["conditions"]
    assert sum(condition["verdicts"].values()) == condition["published"]["runs"] == 6
    assert set(condition["by_kind"]) == {"random_labels", "sieve_permuted"}
    assert all(0 <= run["p_value"] <= 1 for run in condition["runs"] if run["p_value"] is not None)
    assert result["command"].startswith("python -m bench.calibration null --workers 1")
    assert result["alpha_1"] == pytest.approx(0.0304, abs=1e-4)


def test_a_gate_that_lets_noise_pass_shows_in_the_null_study(tmp_path: Path) -> None:
    common = ("--runs", "20", "--engine", "random-12@300", "--examined", "4000")
    tight = study(tmp_path, "null", *common, "--alpha", "0.0001")["conditions"][0]["published"]
    broken = study(tmp_path, "null", *common, "--alpha", "0.99")["conditions"][0]["published"]
    assert tight["hits"] == 0
    assert broken["hits"] > tight["hits"]


def test_a_sequence_spends_a_decision_for_each_look_at_the_holdout(tmp_path: Path) -> None:
    result = study(tmp_path, "sequence", "--runs", "2", "--length", "3", "--engine", "random-10@300")
    assert result["at_least_one"]["runs"] == 2
    assert all(1 <= run["decisions"] <= 3 for run in result["runs"])


def test_ways_to_sample_are_compared_on_the_same_pools(tmp_path: Path) -> None:
    result = study(tmp_path, "samplers", "--runs", "2", "--lift", "3")
    by_way = {one["way"]: one["all"] for one in result["conditions"]}

    assert result["pools"] == 2
    assert set(by_way) == set(ways())
    assert {one["published"]["runs"] for one in by_way.values()} == {2}
    assert (by_way["random"]["only_this"], by_way["random"]["only_chance"], by_way["random"]["p_value"]) == (0, 0, None)
    assert len(result["runs"]) == 2 * len(by_way)


def test_the_sequences_search_is_the_search_of_a_run() -> None:
    rows, spec = random_label_pool(3000, 1), spec_named("random-8@300", 5)
    assert random_search(sampled_pools(rows, spec), spec) == search_one_lane(rows, spec)
    with pytest.raises(InputError, match="use a random engine"):
        random_search([], spec_named("tpe-8@300", 5))


def test_power_finds_a_strong_signal_and_coverage_page_and_figure_follow_from_it(tmp_path: Path) -> None:
    options = ("--runs", "3", "--lift", "1", "--lift", "4", "--engine", "random-60@all", "--alpha", "0.05")
    chance, strong = study(tmp_path, "power", *options)["conditions"]
    assert chance["old_noise"]["rate"] == 1.0
    assert strong["old_true_lift"]["mean"] > chance["old_true_lift"]["mean"] == pytest.approx(1.0)
    study(tmp_path, "null", "--runs", "2", "--engine", "random-12@300")
    coverage = study(tmp_path, "coverage", *options)
    assert 0 < coverage["in_all"]["over_all_seeds"]["runs"] <= 6
    page, figure = tmp_path / "page.md", tmp_path / "figure.html"
    assert main(["table", "--results", str(tmp_path), "--out", str(page)]) == 0
    assert "| random-60@all | 4 |" in page.read_text()
    assert main(["plot", "--results", str(tmp_path), "--out", str(figure)]) == 0
    assert "random-60@all" in figure.read_text()


def test_coverage_counts_the_bounds_that_lie_above_the_truth() -> None:
    def ended(true_lift: float | None, here: float | None, bound: float | None) -> PowerRun:
        return PowerRun({}, 0.1, "REJECT", true_lift, here, 1.3, bound, 0.5, 1.0)

    outcomes = [ended(1.2, 1.2, 1.1), ended(1.2, 1.05, 1.1), ended(1.0, 1.0, 1.1), ended(None, None, None)]
    assert covered(outcomes)["over_all_seeds"] == share(2, 3)
    assert covered(outcomes)["over_the_holdouts_seeds"] == share(1, 3)


def test_coverage_and_power_share_no_pool(tmp_path: Path) -> None:
    options = ("--runs", "2", "--lift", "1.5", "--engine", "random-5@300")
    power, coverage = study(tmp_path, "power", *options), study(tmp_path, "coverage", *options)
    signals = [run["signal"] for result in (power, coverage) for run in result["conditions"][0]["runs"]]
    assert len({tuple(signal.items()) for signal in signals}) == 4


def test_what_cannot_be_done_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "--results", str(tmp_path)]) == 1
    assert "run one of them first" in capsys.readouterr().err
    with pytest.raises(InputError, match="engine 'swep' is not known"):
        engine_named("swep")(random_label_pool(100, 1), 1)
