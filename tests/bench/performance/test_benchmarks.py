"""The benchmarks run at a small size, and the page says what they measured, a missed target included."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from bench.performance import __main__ as program
from bench.performance import command, earlier, growth, health, kernels, memory, sweep, trial
from bench.performance.page import write_page
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.scoring.sweep.outcome import TOP
from scorer_core.scoring.trial import evaluate

QUICK = Size(quick=True)


@pytest.mark.alone
def test_a_trial_is_measured_warm_cold_and_the_old_way() -> None:
    result = trial.measure(QUICK)

    assert [line.met for line in result.lines[:2]] == [True, True]
    assert 0 < result.numbers["warm_ms all rows"] < result.numbers["warm_ms sample_size 5000"] * 10
    assert result.numbers["warm_trials_per_s"] > result.numbers["old_way_trials_per_s"]


def test_the_brute_force_loop_is_compared_with_the_sweep() -> None:
    rate, compared = sweep._brute_force(2000, 120)

    assert rate > 0
    assert compared == TOP


def test_a_brute_force_answer_that_differs_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    other = pool_of(2000, seed=9)
    monkeypatch.setattr(sweep, "evaluate", lambda _pool, request: evaluate(other, request))

    with pytest.raises(RuntimeError, match="the sweep says"):
        sweep._brute_force(2000, 101)


def test_pairs_are_measured_in_turn_and_told_with_looks_first() -> None:
    asked: list[bool] = []

    def seconds(looks: bool) -> float:
        asked.append(looks)
        return 2.0 if looks else 1.0

    assert health._pairs(2, seconds) == [(2.0, 1.0)] * 2
    assert asked == [False, True, True, False]


@pytest.mark.alone
def test_a_rig_is_deployed_to_and_a_lane_works_with_looks_and_without() -> None:
    result = health.measure(QUICK)

    assert list(result.numbers) == list(health.SERVERS)
    for numbers in result.numbers.values():
        ((with_looks, without),) = numbers["deploys_s"]
        assert with_looks > without > 0
        assert min(numbers["lane_s"][0]) > 0


@pytest.mark.alone
def test_lanes_on_one_ledger_spend_their_trials_once() -> None:
    told = growth._lanes(2, 1)

    assert told["lanes"] == 2
    assert 0.1 < told["efficiency"] <= 1.0


def test_the_program_writes_numbers_and_page_and_fails_when_a_target_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed = Result((Line("speed", "1 km/h", "≥ 2 km/h", met=False), Line("size", "3 m")), {"speed": 1.0})
    monkeypatch.setattr(program, "BENCHMARKS", {"made_up": lambda _size: missed})
    page = tmp_path / "performance.md"
    monkeypatch.setattr("sys.argv", ["bench", "--out", str(tmp_path), "--page", str(page)])

    assert program.main() == 1

    (file,) = tmp_path.glob("*.json")
    assert json.loads(file.read_text())["results"]["made_up"]["numbers"] == {"speed": 1.0}
    assert "| speed | 1 km/h | ≥ 2 km/h | NO |" in page.read_text()
    assert "| size | 3 m |  |  |" in page.read_text()


def test_what_is_not_measured_again_stays_with_its_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made_up(what: str) -> Callable[[Size], Result]:
        return lambda _size: Result((Line(what, "1 m"),), {"length": 1.0})

    page = tmp_path / "performance.md"
    monkeypatch.setattr(program, "BENCHMARKS", {"old": made_up("first"), "new": made_up("second")})
    monkeypatch.setattr("sys.argv", ["bench", "--out", str(tmp_path), "--page", str(page)])
    program.main()
    (file,) = tmp_path.glob("*.json")
    earlier = json.loads(file.read_text())
    earlier["results"]["old"]["date"] = "2020-01-02"
    (tmp_path / "2020-01-02.json").write_text(json.dumps(earlier))
    file.unlink()
    monkeypatch.setattr("sys.argv", [*sys.argv, "--only", "new"])

    program.main()

    (record,) = (json.loads(path.read_text()) for path in tmp_path.glob("*.json") if path.name != "2020-01-02.json")
    assert list(record["results"]) == ["old", "new"]
    assert record["results"]["old"] == earlier["results"]["old"]
    assert "Measured on 2020-01-02.\n" in page.read_text()


def test_workers_on_a_rig_share_its_table() -> None:
    once, own = memory.measure(QUICK).lines

    assert once.met, once.measured
    assert own.met


def test_growth_is_measured_on_a_table_as_a_rig_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "_WHOLE", 0)
    monkeypatch.setattr(growth, "_SOME", 2)

    told = growth._on_a_rig(1000)

    assert len(told["shards"]) == 2
    assert told["table_mb"] > 0
    assert [line.met for line in growth._lines(told)] == [None] * 3
    assert [line.met for line in growth._lines({**told, "rows": 10**7, "own_mb": 301.0})] == [True, True, False]
    grown = [told, {**told, "rows": 10**5, "whole_s": 1.0}, {**told, "rows": 10**7, "whole_s": 100.0}]
    assert growth._exponent(grown) == Line(
        "a sweep's time grows from 100,000 to 10,000,000 rows with the exponent", "1.00", "≤ 1.1", met=True
    )


def test_the_sweep_is_compared_with_release_0_1s() -> None:
    for line in earlier.measure(QUICK).lines:
        assert "not measured" in line.measured or "CPU s" in line.measured


@pytest.mark.draws_seed
@pytest.mark.slow
def test_the_command_and_the_study_are_measured() -> None:
    told = command.measure(QUICK)

    assert told.numbers["trials"] == 20
    assert 0 < told.numbers["search_s"] < told.numbers["whole_s"]


def test_the_extrapolation_is_arithmetic_on_what_was_measured(tmp_path: Path) -> None:
    rows = [{"rows": 10**7, "trial_ms": 20.0, "shard_s": 3.6, "own_mb": 200.0, "table_mb": 500.0}]
    lanes = [{"lanes": 100, "seconds": 1.0, "efficiency": 0.9, "overhead_ms": 200.0}]
    grown = Result((Line("rows", "many"),), {"rows": rows, "lanes": lanes})
    record = {
        "date": "2026-01-02T03:04:05",
        "cores": 2,
        "versions": {"python": "3.11", "numpy": "2"},
        "results": {"growth": asdict(grown)},
    }
    page = tmp_path / "performance.md"

    write_page(page, "bench/results/day.json", record)

    for words in ("0.02 s × 100 = 2 s", "3.6 s × 100 = 6 min", "500 MB × 100 = 50 GB", "less than 20 GB", "2.0 ms"):
        assert words in page.read_text()


def test_three_ways_to_count_agree_and_one_that_does_not_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(kernels.measure(QUICK).numbers) == 3
    monkeypatch.setattr(kernels, "_words", lambda votes: np.zeros((len(votes), 1), dtype=np.uint64))

    with pytest.raises(RuntimeError, match="'bit-packing with a popcount' counts otherwise"):
        kernels.measure(QUICK)
