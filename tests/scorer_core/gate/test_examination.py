"""The whole pool examined: the candidate is real or not, its effect is measured on rows that it was not picked on."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import hypergeom

from scorer_core.gate.checks.whole_pool import check_better, check_real, check_worth_it
from scorer_core.gate.examination import Effect, Examiner, Found, Values
from scorer_core.gate.reigning import Duel, duel
from scorer_core.gate.within_trials.effects import guaranteed_lift
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.trial import TrialRequest, evaluate
from tests.scorer_core.gate.cases import CONFIGS, PLANTED, POLICY, make_pool, values_of

SPACE = 131_026_896
FOLDS = 5
LEVEL = 0.0061


ALL = tuple(values_of(config) for config in CONFIGS)


def folds_of(pool: Pool) -> np.ndarray:
    return np.random.default_rng(9).integers(0, FOLDS, len(pool)).astype(np.uint8)


def examiner(pool: Pool, rule: StrataRule = StrataRule.TRIAL) -> Examiner:
    return Examiner(pool, rule, folds_of(pool), POLICY, SPACE)


def examined(pool: Pool, rule: StrataRule = StrataRule.TRIAL, configs: tuple[Values, ...] = ALL) -> Effect:
    effect = examiner(pool, rule).examine(Found(configs, (configs,) * FOLDS), LEVEL)
    assert effect is not None
    return effect


@pytest.fixture(scope="module")
def planted() -> Pool:
    return make_pool(8_000, lift=2.5)


def test_a_planted_config_is_the_candidate_proven_and_measured(planted: Pool) -> None:
    effect = examined(planted)

    assert effect.candidate.values == values_of(PLANTED)
    assert effect.same_in_folds == FOLDS
    assert effect.candidate.log_p_space < math.log(LEVEL)
    assert effect.cross_fitted.lift == pytest.approx(2.5, abs=0.4)
    assert 1.0 < effect.guaranteed_lift < (effect.margins.lift or 0.0)
    assert check_real(effect, examiner(planted).strata, SPACE, LEVEL, 1).passed
    assert check_worth_it(effect, 1.1).passed
    assert not check_worth_it(effect, 5.0).passed


def test_its_objective_is_that_of_a_trial_on_all_rows(planted: Pool) -> None:
    trial = evaluate(planted, TrialRequest(0, PLANTED, None, POLICY))

    assert examined(planted).score == trial.score


def test_without_strata_the_proof_is_the_hypergeometric_tail(planted: Pool) -> None:
    effect = examined(planted, StrataRule.NONE)
    kept, rows = int(effect.margins.kept.sum()), len(planted)
    tail = hypergeom.logsf(effect.margins.minority_kept - 1, rows, int(planted.minority.sum()), kept)

    assert effect.candidate.log_p_space == pytest.approx(float(tail) + math.log(SPACE), rel=1e-9)


def test_noise_is_not_real_and_the_check_says_what_was_seen() -> None:
    pool = make_pool(4_000)
    effect = examined(pool)
    check = check_real(effect, examiner(pool).strata, SPACE, LEVEL, 3)

    assert check.passed is False
    assert check.observed["p_space"] == 1.0
    assert "above the 0.0061 allowed for decision 3 of this installation" in check.meaning
    assert effect.guaranteed_lift < 1.0


def test_the_guaranteed_lift_holds_for_the_best_of_many() -> None:
    """On noise every lift is 1; a bound for the best alone, as if it had not been looked for, says more than that."""
    configs = tuple((m, k, modulus, 0.2) for m in (8, 9, 11, 13) for k in (90, 100) for modulus in range(900, 1100, 20))
    for seed in range(3):
        pool = make_pool(3_000, seed=seed)
        effect = examined(pool, configs=configs)

        assert guaranteed_lift(effect.margins, 1) > 1.0
        assert effect.guaranteed_lift == guaranteed_lift(effect.margins, SPACE) < 1.0


def test_a_signal_that_is_the_trials_own_is_not_real_within_trials() -> None:
    """Each trial has one label only: without strata that is proof, within trials nothing can be told."""
    pool = make_pool(6_000, lift=3.0)
    of_one_label = replace(pool, trial_number=np.where(pool.minority, 1, 0))

    within = examined(of_one_label)
    check = check_real(within, examiner(of_one_label).strata, SPACE, LEVEL, 1)

    assert within.candidate.log_p_space == 0.0
    assert "In 6,000 of 6,000 rows nothing can be told" in check.meaning
    assert within.cross_fitted.lift is None
    assert check_worth_it(within, 1.1).passed is False
    assert examined(of_one_label, StrataRule.NONE).candidate.log_p_space < math.log(LEVEL)


def test_each_fold_is_measured_by_what_was_found_without_it(planted: Pool) -> None:
    other = values_of(CONFIGS[0])
    found = Found(ALL, ((other,), *((values_of(PLANTED),),) * (FOLDS - 1)))
    looked_at = examiner(planted)
    effect = looked_at.examine(found, LEVEL)
    first = folds_of(planted) == 0
    assert effect is not None

    expected = looked_at.strata.at(first).margins(looked_at.mask(other)[first])

    assert effect.same_in_folds == FOLDS - 1
    assert effect.cross_fitted.folds[0].expected == pytest.approx(expected.expected, rel=0.02)
    assert effect.cross_fitted.folds[0].minority_kept == expected.minority_kept


def test_where_no_config_is_accepted_there_is_no_candidate(planted: Pool) -> None:
    too_wide = values_of(CONFIGS[-1])

    assert examiner(planted).examine(Found((too_wide,), ((too_wide,),) * FOLDS), LEVEL) is None
    assert check_real(None, examiner(planted).strata, SPACE, LEVEL, 1).passed is False
    assert check_worth_it(None, 1.1).passed is False


def against(pool: Pool, champion: Values, fresh: np.ndarray, min_lift: float = 1.1) -> Duel:
    looked_at = examiner(pool)
    masks = looked_at.mask(values_of(PLANTED)), looked_at.mask(champion)
    return duel(pool, looked_at.strata, *masks, fresh, 1, min_lift)


def test_the_same_mask_never_replaces_itself(planted: Pool) -> None:
    found = against(planted, values_of(PLANTED), np.ones(len(planted), bool))

    assert not found.won
    assert check_better(found).meaning == "The candidate keeps the very rows that the published config keeps."


def test_a_better_candidate_wins_on_fresh_rows_and_not_without_them(planted: Pool) -> None:
    weaker = values_of(CONFIGS[0])
    new, none = np.ones(len(planted), bool), np.zeros(len(planted), bool)

    assert check_better(against(planted, weaker, new)).passed
    kept = against(planted, weaker, none, min_lift=1.0)
    assert (kept.stale, kept.won) == (False, False)
    assert "0 rows are new" in check_better(kept).meaning


def test_a_stale_config_yields_to_a_greater_objective_on_the_whole_pool(planted: Pool) -> None:
    none = np.zeros(len(planted), bool)
    weaker = against(planted, values_of(CONFIGS[0]), none, min_lift=1.5)
    too_wide = against(planted, values_of(CONFIGS[-1]), none)

    assert (weaker.stale, weaker.won) == (True, True)
    assert "less than 1.5" in check_better(weaker).meaning
    assert (too_wide.rejected, too_wide.won) == ("keep_too_high", True)


def test_a_rejected_config_that_enriches_more_is_not_replaced_by_one_that_enriches_less() -> None:
    """The published mask keeps a little too little, and its lift is far greater: −1 decides no comparison."""
    rows = 20_000
    rng = np.random.default_rng(3)
    champion = np.arange(rows) < 190
    candidate = (np.arange(rows) >= 1_000) & (rng.random(rows) < 0.3)
    share = np.where(champion, 1.0, np.where(candidate, 0.08, 0.07))
    pool = Pool(np.arange(rows, dtype=np.uint64), rng.random(rows) < share, np.zeros(rows, np.int64))
    strata = examiner(pool, StrataRule.NONE).strata

    found = duel(pool, strata, candidate, champion, np.zeros(rows, bool), 1, 1.1)

    assert (found.rejected, found.stale) == ("keep_too_low", True)
    assert found.champion_objective > found.candidate_objective
    assert not found.won


def test_a_challenger_is_compared_on_rows_that_it_was_not_picked_on() -> None:
    """On noise the best of a few hundred masks looks better than another, on the rows that it was picked on alone."""
    configs = tuple((9, 100, modulus, 0.2) for modulus in range(900, 960))
    champion = (9, 100, 1200, 0.2)
    looks, is_shown = [], []
    for seed in range(6):
        pool = make_pool(3_000, seed=seed)
        looked_at = examiner(pool, StrataRule.NONE)
        effect = looked_at.examine(Found(configs, (configs,) * FOLDS), LEVEL)
        assert effect is not None
        masks = looked_at.mask(effect.candidate.values), looked_at.mask(champion)
        new = np.ones(len(pool), bool)
        looks.append(duel(pool, looked_at.strata, *masks, new, 1, 1.1).challenge.difference)
        fair = duel(pool, looked_at.strata, *masks, new, 1, 1.1, unseen=effect.unseen)
        is_shown.append(fair.challenge.difference)

    assert np.mean(looks) > 0.05
    assert np.mean(is_shown) < np.mean(looks) / 3


def test_with_nothing_published_there_is_nothing_to_beat() -> None:
    assert check_better(None).passed
