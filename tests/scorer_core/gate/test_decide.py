"""The four verdicts, each from a real pool and a real run; and what may and may not move them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from scorer_core.gate.case import Case, Champion
from scorer_core.gate.checks.table import CHECK_NAMES
from scorer_core.gate.decide import ENOUGH_POWER, decide, verdict_of
from scorer_core.gate.decision import Decision
from scorer_core.gate.statistics import lift, lift_lower_bound, power, tail_p_value
from scorer_core.gate.verdict import Verdict
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.spending import share_of
from tests.scorer_core.gate.cases import Configs, MakeCase, MakeConfig, MakePool
from tests.support.trials import scored
from tests.support.values import there

POLICY = MaskPolicy.KEEP_FRACTION


def outcome(decision: Decision) -> list[bool | None]:
    return [check.passed for check in decision.checks]


def with_labels(pool: Pool, minority: NDArray[np.bool_]) -> Pool:
    return Pool(pool.seeds, minority, pool.trial_number)


@dataclass(frozen=True)
class SealedPool(Pool):
    """A pool that cannot be read."""

    def __getattribute__(self, name: str) -> object:
        if name in {"seeds", "minority", "trial_number", "rows"}:
            raise PermissionError(f"the holdout's {name} was read")
        return super().__getattribute__(name)


def sealed(pool: Pool) -> SealedPool:
    return SealedPool(pool.seeds, pool.minority, pool.trial_number)


def test_a_planted_lift_is_published(planted: Case, configs: Configs) -> None:
    decision = decide(planted)
    assert decision.verdict is Verdict.PUBLISH
    assert outcome(decision) == [True] * 7
    assert tuple(check.name for check in decision.checks) == CHECK_NAMES
    assert there(decision.candidate).params == configs[3]
    assert "Publish the config of trial 3" in decision.reason
    assert "no published config to beat" in decision.reason


def test_the_numbers_are_those_of_the_candidate_on_the_holdout(planted: Case, configs: Configs) -> None:
    decision = decide(replace(planted, decision=3))
    holdout = planted.holdout
    counts = Counts.from_mask(holdout, residue_mask(holdout.seeds, configs[3], POLICY).kept)
    test = there(decision.test)
    assert test.measured.counts == counts
    assert (test.measured.lift, test.lower_bound) == (lift(counts), lift_lower_bound(counts))
    assert test.p_value == tail_p_value(counts)
    assert (decision.decision, decision.alpha) == (3, 0.01)
    assert decision.alpha_j == test.alpha_j == share_of(0.01, 3)
    assert test.power == power(counts, 1.10, share_of(0.01, 3))
    assert decision.champion is None


def test_noise_on_a_small_holdout_is_inconclusive(null: Case) -> None:
    decision = decide(null)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert outcome(decision)[:4] == [True] * 4
    assert outcome(decision)[4] is False
    assert there(decision.test).power < ENOUGH_POWER
    for words in (
        f"holdout of {len(null.holdout)} rows",
        "a lift of 1.1",
        f"{there(decision.test).power:.1%} only",
        "survivors more",
    ):
        assert words in decision.reason


def test_noise_on_a_huge_holdout_is_rejected(case: MakeCase, pool: MakePool) -> None:
    # Given random labels, one in three minority, and a holdout of 200,000 rows,
    decision = decide(case(pool(8000, base=0.33), holdout=pool(200_000, base=0.33, seed=2)))
    # then the answer is no, and it is firm.
    assert decision.verdict is Verdict.REJECT
    assert outcome(decision)[:6] == [True, True, True, True, False, False]
    assert there(decision.test).power > 0.999
    assert "The answer is firm: the holdout of 200000 rows" in decision.reason


def test_a_real_lift_too_small_to_matter_is_rejected(case: MakeCase, pool: MakePool) -> None:
    small = pool(8000, lift=3.0), pool(400_000, lift=1.06, base=0.3, seed=2)
    decision = decide(case(small[0], holdout=small[1]))
    assert decision.verdict is Verdict.REJECT
    assert outcome(decision) == [True, True, True, True, True, False, True]
    assert "less than the 1.1 that is worth publishing" in decision.reason


def test_the_champion_stays_when_the_same_config_comes_again(planted: Case, configs: Configs) -> None:
    decision = decide(replace(planted, champion=Champion(configs[3], POLICY)))
    assert decision.verdict is Verdict.KEEP_CHAMPION
    assert outcome(decision) == [True] * 6 + [False]
    assert there(decision.champion).measured == there(decision.test).measured
    assert "Keep the published config" in decision.reason
    assert "only equals" in decision.reason


def test_a_worse_champion_is_replaced(planted: Case, configs: Configs) -> None:
    decision = decide(replace(planted, champion=Champion(configs[0], POLICY)))
    assert decision.verdict is Verdict.PUBLISH
    assert there(decision.champion).measured.objective < there(decision.test).measured.objective
    assert "beats the published config" in decision.reason


def test_the_champion_is_read_under_its_own_policy(planted: Case, config: MakeConfig) -> None:
    champion = Champion({**config(), "max_offset": 3}, MaskPolicy.MAX_OFFSET)
    decision = decide(replace(planted, champion=champion))
    kept = residue_mask(planted.holdout.seeds, champion.params, MaskPolicy.MAX_OFFSET).kept
    assert there(decision.champion).measured.counts == Counts.from_mask(planted.holdout, kept)


def test_noise_is_not_published_because_it_beats_a_champion(null: Case, configs: Configs) -> None:
    decision = decide(replace(null, champion=Champion(configs[5], POLICY)))
    assert outcome(decision)[6] is True
    assert decision.verdict is Verdict.INCONCLUSIVE


def test_the_same_data_are_worth_less_at_a_later_decision(case: MakeCase, pool: MakePool) -> None:
    # Given a lift that passes at the first decision on a pool,
    run = case(pool(8000, lift=1.5))
    first = decide(run)
    assert first.verdict is Verdict.PUBLISH
    # then after many decisions the same data do not convince any more.
    later = decide(replace(run, decision=1000))
    assert later.verdict is Verdict.INCONCLUSIVE
    assert there(later.test).p_value == there(first.test).p_value > later.alpha_j


@pytest.mark.parametrize("power", [0.0, 0.79, 0.80, 1.0])
@pytest.mark.parametrize("failing", [("real",), ("worth_it",), ("real", "worth_it"), ("real", "better")])
def test_eighty_percent_power_divides_reject_from_inconclusive(
    planted: Case, power: float, failing: tuple[str, ...]
) -> None:
    late = [replace(check, passed=check.name not in failing) for check in decide(planted).checks[4:]]
    assert verdict_of(late, power) is (Verdict.REJECT if power >= 0.80 else Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_power_does_not_matter_to_what_passes(planted: Case, power: float) -> None:
    late = decide(planted).checks[4:]
    assert verdict_of(late, power) is Verdict.PUBLISH
    assert verdict_of([*late[:2], replace(late[2], passed=False)], power) is Verdict.KEEP_CHAMPION


def break_complete(run: Case) -> Case:
    return replace(run, trials=run.trials[1:])


def break_consistent(run: Case) -> Case:
    return replace(run, trials=(replace(run.trials[0], sample_size=450), *run.trials[1:]))


def break_alive(run: Case) -> Case:
    return replace(run, trials=tuple(scored(trial, 0.2) for trial in run.trials))


def break_candidate(run: Case) -> Case:
    most = {**run.trials[5].params}
    return replace(run, trials=tuple(replace(trial, params=most) for trial in run.trials))


@pytest.mark.parametrize(
    ("broken", "failing"),
    [(break_complete, 0), (break_consistent, 1), (break_alive, 2), (break_candidate, 3)],
)
def test_a_run_that_fails_early_is_rejected_with_its_holdout_unread(
    planted: Case, broken: Callable[[Case], Case], failing: int
) -> None:
    decision = decide(replace(broken(planted), holdout=sealed(planted.holdout)))
    assert decision.verdict is Verdict.REJECT
    assert outcome(decision)[failing] is False
    assert outcome(decision).count(False) == 1
    assert outcome(decision)[4:] == [None] * 3
    assert outcome(decision)[3] is (False if failing == 3 else None)
    assert f"the check {CHECK_NAMES[failing]} failed" in decision.checks[-1].meaning
    assert decision.checks[failing].meaning in decision.reason
    assert "holdout was not looked at" in decision.reason
    assert (decision.looked_at_holdout, decision.test, decision.candidate) == (False, None, None)


def test_a_run_that_fails_nothing_early_does_read_the_holdout(planted: Case) -> None:
    assert decide(planted).looked_at_holdout
    with pytest.raises(PermissionError, match="the holdout's seeds was read"):
        decide(replace(planted, holdout=sealed(planted.holdout)))


def test_a_run_that_fails_twice_names_both(planted: Case) -> None:
    decision = decide(break_consistent(break_alive(planted)))
    assert outcome(decision) == [True, False, False, None, None, None, None]
    assert decision.checks[1].meaning in decision.reason
    assert decision.checks[2].meaning in decision.reason


def test_poisoned_holdout_labels_change_nothing_before_the_holdout(planted: Case) -> None:
    clean = decide(planted)
    rng = np.random.default_rng(5)
    for labels in (~planted.holdout.minority, rng.permutation(planted.holdout.minority)):
        poisoned = decide(replace(planted, holdout=with_labels(planted.holdout, labels)))
        assert poisoned.checks[:4] == clean.checks[:4]
        assert poisoned.candidate == clean.candidate
        assert poisoned.verdict is not Verdict.PUBLISH


def test_the_same_case_gives_the_same_decision_in_any_order_of_trials(planted: Case) -> None:
    assert decide(planted) == decide(planted) == decide(replace(planted, trials=planted.trials[::-1]))


def test_a_decision_survives_its_json(planted: Case, null: Case, configs: Configs) -> None:
    champion = Champion(configs[0], POLICY)
    for run in (planted, null, replace(planted, champion=champion), break_complete(planted)):
        decision = decide(run)
        text = json.dumps(decision.to_json(), allow_nan=False)
        assert Decision.from_json(json.loads(text)) == decision
        assert json.loads(text)["verdict"] == decision.verdict.value


def test_a_decision_of_another_schema_is_refused(planted: Case) -> None:
    record = {**decide(planted).to_json(), "schema": 99}
    with pytest.raises(ValueError, match="schema 99 cannot be read"):
        Decision.from_json(record)
