"""Tiny runs of every study, through the command line as the Makefile calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.calibration import life, samplers, words
from bench.calibration.__main__ import main
from bench.calibration.engines import SMALLEST, spec_named
from bench.calibration.intervals import share
from bench.calibration.judge import searched
from bench.calibration.null_pools import random_label_pool
from bench.calibration.plot import draw
from bench.calibration.power import PowerRun, effects
from bench.calibration.samplers import ways
from bench.calibration.table import load_results
from scorer_core.errors import InputError

pytestmark = pytest.mark.slow

SMALL = ("--workers", "1", "--rows", "3000", "--examined", "1500")


def study(folder: Path, name: str, *options: str) -> dict[str, Any]:
    assert main([name, *SMALL, "--results", str(folder), *options]) == 0
    result: dict[str, Any] = json.loads((folder / f"calibration-{name}.json").read_text())
    return result


def test_a_null_study_counts_what_is_published_on_every_kind_of_pool(tmp_path: Path) -> None:
    result = study(tmp_path, "null", "--runs", "6", "--engine", SMALLEST, "--engine", "random-12@300")
    for condition in result["conditions"]:
        assert [part["runs"] for part in condition["published"]] == [6, 6]
        assert {part["real"]["runs"] for part in condition["by_kind"].values()} == {1}
        assert len(condition["by_kind"]) == 6
    assert result["conditions"][0]["without_payment"]["hits"] == 6
    assert result["command"].startswith("python -m bench.calibration null --workers 1")
    assert result["alpha_1"] == pytest.approx([0.0304, 0.0061], abs=1e-4)
    assert result["cpu_seconds"] > 0


def test_a_life_numbers_its_decisions_as_the_ledger_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(life.REPEATS, life.WHOLE)
    result = study(tmp_path, "life", "--runs", "1", "--length", "3")
    decisions = {one["life"]: one["runs"][0]["decisions"] for one in result["conditions"]}
    assert decisions.pop("mixed") <= 3
    assert decisions == {"the same pool": 1, "growing by 1 %": 3, "growing by 2 rows": 3, "relabelled trials": 3}
    assert all(one["at_least_one"]["hits"] == 0 for one in result["conditions"])


def test_bounds_among_many_strata_follow_the_trials(tmp_path: Path) -> None:
    chance, *odds = study(tmp_path, "strata", "--runs", "12")["conditions"]
    assert chance["true_lift"]["mean"] == pytest.approx(1.0)
    assert chance["lift"]["mean"] == pytest.approx(1.0, abs=0.02)
    assert chance["marginal"]["mean"] == pytest.approx(1.48, abs=0.04)
    assert all(one["at_least_holds"]["hits"] == 12 for one in (chance, *odds))


def test_words_are_held_to_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "AGAIN", 1)
    conditions = study(tmp_path, "words", "--runs", "2")["conditions"]
    assert all(one["wrong_rejects"]["runs"] == one["real"]["runs"] == 2 for one in conditions)
    assert all(one["stated_real"]["mean"] == pytest.approx(0.9, abs=0.01) for one in conditions)


def test_champions_are_held_to_the_truth(tmp_path: Path) -> None:
    reigns = study(tmp_path, "reigns", "--runs", "2", "--length", "4")["conditions"]
    assert [(one["lift"], one["better"]) for one in reigns] == [(1.5, 0), (1.5, 0.05), (2, 0), (2, 0.05)]
    (lives,) = study(tmp_path, "champions", "--runs", "1", "--length", "3", "--lift", "3")["conditions"]
    assert lives["published_once"]["runs"] == 1
    assert lives["worse"]["runs"] == lives["replacements"]


def test_ways_to_sample_are_compared_on_the_same_pools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "TRIALS", 40)
    result = study(tmp_path, "samplers", "--runs", "2", "--lift", "3")
    by_way = {one["way"]: one["all"] for one in result["conditions"]}

    assert result["pools"] == 2
    assert set(by_way) == set(ways())
    assert {one["published"]["runs"] for one in by_way.values()} == {2}
    assert (by_way["random"]["only_this"], by_way["random"]["only_chance"], by_way["random"]["p_value"]) == (0, 0, None)
    assert len(result["runs"]) == 2 * len(by_way)


def test_power_finds_a_strong_signal_and_page_and_figure_follow_from_it(tmp_path: Path) -> None:
    options = ("--runs", "3", "--lift", "1", "--lift", "4", "--engine", "random-60@all")
    chance, strong = study(tmp_path, "power", *options)["conditions"]
    assert [part["hits"] for part in chance["published"]] == [0, 0, 0]
    assert strong["published"][0]["hits"] >= strong["published"][2]["hits"]
    assert strong["of_all"]["guaranteed_holds"]["hits"] == 3
    study(tmp_path, "null", "--runs", "3", "--engine", "random-12@300")
    study(tmp_path, "peeking", "--runs", "1", "--length", "2")
    page, figure = tmp_path / "page.md", tmp_path / "figure.svg"
    assert main(["table", "--results", str(tmp_path), "--out", str(page)]) == 0
    assert "| random-60@all | 4 |" in page.read_text()
    assert main(["plot", "--results", str(tmp_path), "--out", str(figure)]) == 0
    assert "<svg" in figure.read_text()
    panels = draw(load_results(tmp_path)).axes
    assert [panel.get_legend_handles_labels()[1] for panel in panels] == [
        ["random-12@300"],
        ["random-60@all"],
        ["random-60@all"],
    ]


def test_a_bound_above_the_truth_is_counted_as_one_that_does_not_hold() -> None:
    def ended(true_lift: float | None, guaranteed: float | None, fitted: float | None) -> PowerRun:
        return PowerRun(0.1, ("PUBLISH",) * 3, true_lift, true_lift, fitted, guaranteed, -3.0, None)

    found = effects([ended(1.2, 1.1, 1.3), ended(1.05, 1.1, 1.05), ended(None, None, None)])
    assert found["guaranteed_holds"] == share(1, 2)
    assert found["error_of_fitted"]["mean"] == pytest.approx(0.05)


def test_a_sweep_is_judged_with_what_a_run_would_bring(tmp_path: Path) -> None:
    found = searched(random_label_pool(1_000, 3), spec_named("sweep@all", 1))
    decision = found.judge(0.05)
    assert len(found.trials) == 143
    assert decision.excludes is not None
    assert decision.checks[0].passed


def test_what_cannot_be_done_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "--results", str(tmp_path)]) == 1
    assert "run one of them first" in capsys.readouterr().err
    with pytest.raises(InputError, match="engine 'swep' is not known"):
        spec_named("swep", 1)
