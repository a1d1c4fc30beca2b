"""The four verdicts, each from a real pool and a real run; and what may and may not move them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn

import numpy as np
import pytest

from scorer_core.gate.case import Case
from scorer_core.gate.changes import Changes
from scorer_core.gate.checks.table import CHECK_NAMES
from scorer_core.gate.decide import decide
from scorer_core.gate.decision import Decision
from scorer_core.gate.examination import Found
from scorer_core.gate.verdict import Verdict
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.trial import TrialRequest, evaluate
from tests.scorer_core.gate.cases import (
    CONFIGS,
    PLANTED,
    POLICY,
    found_in,
    make_case,
    make_champion,
    make_pool,
    make_rules,
    permit,
    values_of,
)
from tests.support.trials import scored
from tests.support.values import there


def outcome(decision: Decision) -> list[bool | None]:
    return [check.passed for check in decision.checks]


def never() -> NoReturn:
    raise PermissionError("the labels were looked at")


def test_a_planted_lift_is_published(planted: Case) -> None:
    decision = decide(planted)

    assert decision.verdict is Verdict.PUBLISH
    assert outcome(decision) == [True] * 6
    assert tuple(check.name for check in decision.checks) == CHECK_NAMES
    assert there(decision.candidate).params == PLANTED
    assert there(decision.candidate).trial_number == 3
    assert decision.reason.startswith("Publish the config with residue_mod_1 10, residue_mod_2 100,")
    assert "no published config to beat" in decision.reason


def test_the_numbers_are_those_of_all_rows(planted: Case) -> None:
    decision = decide(replace(planted, permit=permit(3)))
    proof = there(decision.proof)
    evaluation = evaluate(planted.pool, TrialRequest(3, PLANTED, None, POLICY))

    assert there(decision.candidate).evaluation == evaluation
    assert (proof.kept, proof.minority_kept) == (
        evaluation.score.subset_n,
        there(evaluation.score.counts).minority_kept,
    )
    assert (decision.number, decision.alpha, decision.alpha_j) == (3, 0.01, permit(3).alpha_j)
    assert there(proof.cross_fitted_lift) == pytest.approx(3.0, abs=0.4)
    assert 1.0 < proof.guaranteed_lift < there(proof.lift)
    assert sum(kept for kept, _ in proof.folds) <= proof.minority_kept
    assert decision.best_objective == evaluation.score.objective


def test_noise_is_inconclusive_and_the_size_that_would_tell_is_named(null: Case) -> None:
    decision = decide(null)

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert outcome(decision)[:4] == [True, True, True, False]
    assert outcome(decision)[5] is None
    assert "To show a lift of 1.21 with a probability of 90%" in decision.reason
    assert "more." in decision.reason


def rows_asked_for(decision: Decision) -> int:
    found = there(re.search(r"about ([\d,]+) rows like these are needed", decision.reason))
    return int(found[1].replace(",", ""))


def test_the_size_that_would_tell_is_that_of_the_next_decision(null: Case) -> None:
    """What this decision may spend is spent: a size for it would be too small for the next one."""
    this = there(null.permit)
    as_much_again, late = replace(this, next_alpha=this.alpha_j), replace(this, next_alpha=permit(60).alpha_j)
    sizes = [rows_asked_for(decide(replace(null, permit=one))) for one in (as_much_again, this, late)]

    assert sizes[0] < sizes[1] < 0.9 * sizes[2]


def test_no_pool_is_asked_for_to_show_a_lift_that_is_excluded_already(null: Case) -> None:
    """Given 1.15 as the largest lift of configs that keep a tenth: a narrower one may still have the 1.21."""
    wide = make_pool(8_000, seed=3)
    of_wide = decide(make_case(wide, found=lambda: found_in(wide, largest_lift=1.15)))
    of_narrow = decide(replace(null, found=lambda: found_in(null.pool, largest_lift=1.15)))

    assert there(of_narrow.proof).kept < 800 <= there(of_wide.proof).kept
    assert "Lifts above 1.150 are excluded" in of_wide.reason
    assert "To show a lift of 1.15 with" in of_wide.reason
    assert "To show a lift of 1.21 with" in of_narrow.reason


def test_where_a_whole_sweep_excludes_the_lift_noise_is_rejected(null: Case) -> None:
    decision = decide(replace(null, found=lambda: found_in(null.pool, largest_lift=1.05)))

    assert decision.verdict is Verdict.REJECT
    assert decision.excludes == 1.05
    assert "Lifts above 1.050 are excluded for every config that keeps a tenth" in decision.reason


def test_a_real_lift_below_what_is_worth_it_is_not_published(planted: Case) -> None:
    decision = decide(replace(planted, rules=make_rules(min_lift=6.0)))

    assert outcome(decision)[3:] == [True, False, None]
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "less than the 6 that is worth publishing" in decision.reason


def test_every_decision_before_it_makes_it_harder() -> None:
    """One and the same result is real as the first decision of an installation, and not as the hundredth."""
    case = make_case(make_pool(8_000, lift=1.8, seed=2))
    first, late = decide(case), decide(replace(case, permit=permit(100)))
    log_p = there(first.proof).log10_p_space

    assert np.log10(permit(100).alpha_j) < log_p <= np.log10(permit(1).alpha_j), "choose another lift"
    assert (first.verdict, late.verdict) == (Verdict.PUBLISH, Verdict.INCONCLUSIVE)
    assert "allowed for decision 100 of this installation" in late.reason


def test_the_whole_space_is_paid_for_however_few_were_tried(planted: Case) -> None:
    values = values_of(PLANTED)
    alone = decide(replace(planted, found=lambda: Found((values,), ((values,),) * 5)))

    assert there(alone.proof).log10_p_space == there(decide(planted).proof).log10_p_space


def test_a_signal_that_is_the_trials_own_is_noise_within_trials() -> None:
    """Each Step 1 trial has its own share, and the mask follows the trials: 10⁻⁵⁷ for a test that ignores them."""
    pool = make_pool(8_000, lift=3.0)
    case = make_case(replace(pool, trial_number=np.where(pool.minority, 1, 0)))

    assert decide(case).verdict is Verdict.INCONCLUSIVE
    assert decide(replace(case, permit=permit(strata=StrataRule.NONE))).verdict is Verdict.PUBLISH


def test_a_run_that_is_not_whole_is_not_looked_at(planted: Case) -> None:
    decision = decide(replace(planted, trials=planted.trials[1:], found=never))

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert outcome(decision) == [False, True, True, None, None, None]
    assert (decision.candidate, decision.proof, decision.number) == (None, None, 1)
    assert "Not evaluated, because the check complete failed" in decision.checks[-1].meaning


def test_without_a_number_nothing_is_looked_at_and_it_is_said_why(planted: Case) -> None:
    decision = decide(replace(planted, permit=None, why_not="No result could be real.", found=never))

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert (decision.number, decision.alpha, decision.alpha_j) == (None, None, None)
    assert outcome(decision) == [True, True, True, False, None, None]
    assert "No result could be real." in decision.reason


def test_what_was_not_measured_is_not_blamed_on_a_small_pool_alone(planted: Case) -> None:
    dull = tuple(scored(trial, 0.3) if trial.accepted else trial for trial in planted.trials)
    decision = decide(replace(planted, trials=dull, permit=None, why_not="No result could be real."))

    assert "same objective" in decision.reason
    assert "No result could be real." in decision.reason


def test_where_no_config_is_accepted_there_is_no_candidate(planted: Case) -> None:
    decision = decide(replace(planted, found=lambda: Found((), ((),) * 5)))

    assert (decision.verdict, decision.candidate, decision.best_objective) == (Verdict.INCONCLUSIVE, None, None)
    assert "No config that the search found is accepted on all rows" in decision.reason


def test_the_same_mask_keeps_the_champion(planted: Case) -> None:
    champion = make_champion(PLANTED, np.ones(len(planted.pool)))
    decision = decide(replace(planted, champion=champion))

    assert decision.verdict is Verdict.KEEP_CHAMPION
    assert decision.reason.startswith("Keep the published config: the config with residue_mod_1 10")
    assert there(decision.champion).same_mask
    assert decision.replaces == champion.fingerprint


def test_a_worse_champion_is_replaced_on_rows_that_are_new_to_it(planted: Case) -> None:
    asked: list[Mapping[str, ParamValue]] = []

    def count(mask: Mapping[str, ParamValue]) -> int:
        asked.append(mask)
        return 1

    champion = make_champion(CONFIGS[0], np.ones(len(planted.pool)))
    decision = decide(replace(planted, champion=champion, challenger=count))

    assert decision.verdict is Verdict.PUBLISH
    assert [mask["mask_policy"] for mask in asked] == ["keep_fraction"], "one challenger, counted once"
    assert there(there(decision.champion).ratio) > there(decision.champion).needed


def test_a_challenger_is_shown_better_by_what_was_picked_without_the_rows(planted: Case) -> None:
    """Given folds that each pick a config without a lift: the candidate's own mask, seen on all rows, is no witness."""
    without = ((values_of(CONFIGS[0]),),) * 5
    found = Found((values_of(PLANTED),), without)
    champion = make_champion(CONFIGS[1], np.ones(len(planted.pool)))
    decision = decide(replace(planted, rules=make_rules(min_lift=0.5), found=lambda: found, champion=champion))

    standing = there(decision.champion)
    assert standing.candidate_objective - standing.objective > 0.3
    assert abs(standing.difference) < 0.1
    assert decision.verdict is Verdict.KEEP_CHAMPION


def test_noise_challenges_nobody(null: Case) -> None:
    def count(_mask: Mapping[str, ParamValue]) -> NoReturn:
        raise AssertionError("a challenger was counted")

    champion = make_champion(PLANTED, np.ones(len(null.pool)))

    assert decide(replace(null, champion=champion, challenger=count)).champion is None


def test_what_changed_and_what_was_assumed_is_told(planted: Case) -> None:
    champion = replace(make_champion(PLANTED, np.zeros(len(planted.pool))), notes=("It has no _run_context.",))
    decision = decide(replace(planted, champion=champion, changes=Changes(7_000, 1_000, 3, 2, 0)))

    assert (
        "Since the pool of 7,000 rows that was decided before: 1,000 rows more, 3 rows of it are gone"
        in decision.reason
    )
    assert decision.reason.endswith("It has no _run_context.")


@pytest.mark.parametrize("kind", ["planted", "null", "champion", "refused"])
def test_a_decision_is_json_and_read_back_the_same(kind: str, planted: Case, null: Case) -> None:
    cases = {
        "planted": planted,
        "null": replace(null, changes=Changes(1, 2, 3, 4, 5), found=lambda: found_in(null.pool, 1.05)),
        "champion": replace(planted, champion=make_champion(CONFIGS[0], np.ones(len(planted.pool)))),
        "refused": replace(planted, permit=None, why_not="so"),
    }
    decision = decide(cases[kind])

    assert Decision.from_json(json.loads(json.dumps(decision.to_json(), allow_nan=False))) == decision
    assert decide(cases[kind]) == decision


def test_a_decision_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 4 cannot be read"):
        Decision.from_json({"schema": 4})


@pytest.mark.slow
@pytest.mark.parametrize("labels", ["random", "within trials"])
def test_noise_does_not_publish(labels: str) -> None:
    """Given the same six configs on 40 pools of random labels, or of trials whose shares differ: not one passes."""
    for seed in range(40):
        rng = np.random.default_rng([seed, 5])
        pool = make_pool(3_000, seed=seed)
        if labels == "within trials":
            share = np.random.default_rng(seed).uniform(0.02, 0.9, 17)[pool.trial_number]
            pool = replace(pool, minority=rng.random(len(pool)) < share)

        assert decide(make_case(pool)).verdict is Verdict.INCONCLUSIVE
