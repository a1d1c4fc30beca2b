"""Small studies that the gate passes, and each of six broken gates fails: what the calibration would notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bench.calibration import peeking
from bench.calibration.engines import SMALLEST, spec_named
from bench.calibration.harness import Options
from bench.calibration.judge import Searched, searched
from bench.calibration.null_pools import blocks_pool, random_label_pool
from bench.calibration.pools import Signal, random_signal, signal_pool, true_lift
from scorer_core.gate.decision import Decision
from scorer_core.gate.examination import Effect, Examiner, Found
from scorer_core.gate.verdict import Verdict
from scorer_core.gate.within_trials.effects import largest_lift
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.gate.within_trials.strata import Strata
from scorer_core.pool.survivors import Pool

pytestmark = pytest.mark.slow

ALPHA, ROWS, POOLS = 0.05, 4_000, 8
INSTALLATIONS = 2


def found_in(pools: Sequence[Pool]) -> list[Searched]:
    return [searched(pool, spec_named(SMALLEST, 0)) for pool in pools]


@pytest.fixture(scope="module")
def nulls() -> list[Searched]:
    return found_in([random_label_pool(ROWS, 100 + number) for number in range(POOLS)])


@pytest.fixture(scope="module")
def blocks() -> list[Searched]:
    return found_in([blocks_pool(3 * ROWS, 100 + number) for number in range(POOLS)])


def published(found: Sequence[Searched]) -> int:
    return sum(one.judge(ALPHA).verdict is Verdict.PUBLISH for one in found)


def test_a_gate_that_does_not_pay_for_the_space_publishes_noise(
    nulls: list[Searched], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert published(nulls) == 0
    monkeypatch.setattr("scorer_core.gate.examination.log_p_space", lambda log_p, _space: log_p)
    assert published(nulls) >= 2


def test_a_gate_without_strata_publishes_what_trials_have_of_their_own(
    blocks: list[Searched], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert published(blocks) == 0
    of = Strata.of
    monkeypatch.setattr(Strata, "of", lambda pool, _rule: of(pool, StrataRule.NONE))
    assert published(blocks) >= 2


def peeked() -> list[peeking.PeekingRun]:
    return [peeking.run(peeking.Task(index, ALPHA, Options())) for index in range(INSTALLATIONS)]


def test_a_life_and_a_look_at_many_pools_publish_nothing() -> None:
    assert not any(one.any_night or one.by_p or one.by_objective for one in peeked())


def test_a_gate_that_does_not_pay_for_decisions_publishes_in_a_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.calibration.judge.share_of", lambda total, _number: 6 * total / np.pi**2)
    assert any(one.any_night for one in peeked())


def test_a_gate_that_numbers_late_publishes_the_best_looking_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.calibration.installation.take_all", lambda *_, **__: (1,))
    assert any(one.by_p for one in peeked())


def cross_fitted(found: Sequence[Searched]) -> float:
    proofs = [one.judge(ALPHA).proof for one in found]
    return float(np.mean([proof.cross_fitted_lift for proof in proofs if proof and proof.cross_fitted_lift]))


def test_folds_that_leak_show_in_the_lift_of_noise(nulls: list[Searched], monkeypatch: pytest.MonkeyPatch) -> None:
    assert cross_fitted(nulls) < 1.25
    pick, examine = Examiner.pick, Examiner.examine

    def seeing_all(self: Examiner, found: Found, level: float) -> Effect | None:
        return examine(self, replace(found, without=(found.on_all,) * len(found.without)), level)

    monkeypatch.setattr(Examiner, "examine", seeing_all)
    monkeypatch.setattr(
        Examiner, "pick", lambda self, configs, rows, level: pick(self, configs, np.ones_like(rows), level)
    )
    assert cross_fitted(nulls) > 1.4


def bounds_that_hold(pools: Sequence[tuple[Signal, Searched]]) -> int:
    return sum(_holds(signal, found, found.judge(ALPHA)) for signal, found in pools)


def _holds(signal: Signal, found: Searched, decision: Decision) -> bool:
    assert decision.proof is not None
    assert decision.candidate is not None
    return decision.proof.guaranteed_lift <= true_lift(signal, decision.candidate.params, found.pool.seeds)


def test_a_bound_that_is_one_sided_the_wrong_way_is_above_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(9)
    signals = [random_signal(2.0, ROWS, rng) for _ in range(POOLS)]
    pools = list(zip(signals, found_in([signal_pool(one, ROWS, rng) for one in signals]), strict=True))
    assert bounds_that_hold(pools) == POOLS
    monkeypatch.setattr("scorer_core.gate.examination.guaranteed_lift", lambda margins, _space: largest_lift(margins))
    assert bounds_that_hold(pools) <= POOLS - 3
