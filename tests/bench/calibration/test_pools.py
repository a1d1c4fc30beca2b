"""The pools of the studies and the truth about them."""

from __future__ import annotations

import numpy as np
import pytest

from bench.calibration.engines import SMALLEST, spec_named
from bench.calibration.judge import searched
from bench.calibration.null_pools import KINDS, Sizes, blocks_pool, random_label_pool, whole_trials
from bench.calibration.pools import PLANT_KEEPS, population, random_signal, signal_pool, true_lift
from bench.calibration.screen import screen
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.policies import MaskPolicy


def test_the_true_lift_of_a_config_is_what_many_draws_of_labels_show_on_average() -> None:
    rng = np.random.default_rng(3)
    signal = random_signal(3.0, 2000, rng)
    other = {**signal.params, "residue_mod_2": 97}
    seen = []
    for _ in range(400):
        pool = signal_pool(signal, 2000, rng)
        kept = residue_mask(pool.seeds, other, MaskPolicy.MAX_OFFSET).kept
        seen.append(pool.minority[kept].mean() / pool.minority.mean())
    error = np.std(seen) / np.sqrt(len(seen))
    assert true_lift(signal, other, population(2000)) == pytest.approx(np.mean(seen), abs=4 * error + 0.01)


def test_the_signals_own_config_has_the_planted_lift_and_the_base_rate_stays() -> None:
    signal = random_signal(2.0, 2000, np.random.default_rng(4))
    assert true_lift(signal, signal.params, population(2000)) == pytest.approx(2.0)
    assert PLANT_KEEPS[0] <= signal.keep <= PLANT_KEEPS[1]
    assert signal_pool(signal, 44_647, np.random.default_rng(5)).minority_share == pytest.approx(0.081, abs=0.006)


def test_labels_permuted_within_trials_keep_what_each_trial_has_but_not_where() -> None:
    first, second = (KINDS["sieve, within trials"](Sizes(600, 600), 1, seed) for seed in (7, 8))
    assert (first.seeds == second.seeds).all()
    assert (first.minority != second.minority).any()
    for number in np.unique(first.trial_number):
        rows = first.trial_number == number
        assert first.minority[rows].sum() == second.minority[rows].sum()


def test_whole_trials_have_shares_of_their_own_that_residues_follow() -> None:
    pool = blocks_pool(20_000, 3)
    shares = [pool.minority[pool.trial_number == number].mean() for number in range(17)]
    assert max(shares) - min(shares) > 0.1
    assert (pool.trial_number == pool.seeds % np.uint64(17)).all()


def test_whole_trials_permuted_have_each_others_shares() -> None:
    pool = blocks_pool(20_000, 3)
    other = whole_trials(pool, np.random.default_rng(5))
    ours, theirs = (np.bincount(one.trial_number, weights=one.minority) for one in (pool, other))
    rows = np.bincount(pool.trial_number)
    assert not np.allclose(ours, theirs)
    assert np.sort(ours / rows) == pytest.approx(np.sort(theirs / rows), abs=2e-3)


def test_the_screen_is_near_what_a_sweep_finds_and_below_it_within_its_margin() -> None:
    for seed in range(4):
        pool = random_label_pool(4_000, seed)
        exact = searched(pool, spec_named(SMALLEST, 0)).smallest_log_p_space()
        looks = screen(SMALLEST, len(population(4_000))).looks(pool)
        assert exact is not None
        assert looks.log_p_space - exact < np.log(2.0)
