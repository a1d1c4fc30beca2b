"""The best of the space by chance: the same as whole sweeps of pools whose labels were permuted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scorer_core.evidence.chance import Chance, permuted_within_trials, space_by_chance
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.outcome import merge
from scorer_core.scoring.sweep.shards import ShardRequest, shard_count, shard_params

POLICY = MaskPolicy.MAX_OFFSET


def best_evidence(pool: Pool) -> float:
    """Return the largest evidence of an accepted config, by a sweep."""
    scorer = PoolScorer.of(pool)
    shards = range(shard_count(POLICY))
    whole = merge(scorer.sweep(ShardRequest(number, shard_params(POLICY, number), POLICY)) for number in shards)
    return whole.fronts[0][0].evidence


@pytest.mark.slow
def test_it_is_what_sweeps_find(null_pool: Pool) -> None:
    found = space_by_chance(null_pool, POLICY, 6, np.random.default_rng(5), 3.0)

    rng = np.random.default_rng(5)
    permuted = [permuted_within_trials(null_pool, rng) for _ in range(6)]
    assert len(found.permuted) == 6
    assert found.observed == pytest.approx(best_evidence(null_pool), rel=1e-5)
    for place in (0, 5):  # the first of the first five, and the one that is left
        assert found.permuted[place] == pytest.approx(best_evidence(permuted[place]), rel=1e-5)
    assert 0 < found.passing < 24_264_240


def test_labels_stay_within_their_trial(null_pool: Pool) -> None:
    mixed = replace(null_pool, trial_number=np.arange(len(null_pool)) % 7)
    permuted = permuted_within_trials(mixed, np.random.default_rng(1))

    assert permuted.seeds.tolist() == mixed.seeds.tolist()
    assert permuted.minority.tolist() != mixed.minority.tolist()
    before, after = (np.bincount(pool.trial_number[pool.minority], minlength=7) for pool in (mixed, permuted))
    assert before.tolist() == after.tolist()


def test_p_counts_the_pool_itself() -> None:
    assert Chance(9.0, (8.0, 9.0, 10.0), 0).p == 3 / 4
    assert Chance(99.0, (1.0,) * 19, 0).p == 1 / 20
