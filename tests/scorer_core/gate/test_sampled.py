"""The contenders of a search that samples are those that a sweep of the same configs would bring."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from scorer_core.errors import ResultConflict
from scorer_core.gate.sampled import Values, counted, fronts_among
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.scoring.sweep.outcome import merge
from scorer_core.scoring.sweep.scopes import SCOPES
from scorer_core.scoring.sweep.shards import ShardRequest, shard_count, shard_params
from tests.support.pools import small_pool

TOO_WIDE = (5, 50, 500, 15)

PINS: dict[MaskPolicy, dict[str, ParamValue]] = {
    MaskPolicy.MAX_OFFSET: {"residue_mod_1": 16, "residue_mod_2": 60},
    MaskPolicy.KEEP_FRACTION: {"residue_mod_1": 16, "residue_mod_2": 60, "keep_fraction": 0.2},
}


def few_low_seeds() -> Pool:
    """Return a pool of seeds that nearly every wide mask keeps."""
    return Pool(np.arange(15, dtype=np.uint64), np.arange(15) % 3 == 0, np.arange(15) % 4)


def every_config(policy: MaskPolicy) -> list[Values]:
    return list(itertools.product(*full_grid(policy, PINS[policy]).axes))


@pytest.mark.parametrize("policy", MaskPolicy)
def test_of_a_whole_part_of_the_space_they_are_the_sweeps(policy: MaskPolicy) -> None:
    """Objective, counts, shares and order are the same to the last bit, in every scope."""
    pool, pins = small_pool(500, seed=3, minority_share=0.1), PINS[policy]
    scorer = PoolScorer.of(pool)
    swept = merge(
        scorer.sweep(ShardRequest(number, shard_params(policy, number, pins), policy))
        for number in range(shard_count(policy, pins))
    )
    configs = every_config(policy)
    np.random.default_rng(1).shuffle(configs)

    found = fronts_among(configs, pool, policy)

    assert found == swept.fronts
    assert len(found) == SCOPES
    assert sum(len(front) for front in found) > SCOPES, "some front has more than one"
    assert swept.widest is not None
    assert counted(swept.widest.values, pool, policy) == swept.widest


def test_where_every_config_is_rejected_there_are_none() -> None:
    assert fronts_among([TOO_WIDE], few_low_seeds(), MaskPolicy.MAX_OFFSET) == ((),) * SCOPES


def test_a_config_that_a_rig_calls_accepted_and_the_head_rejects_is_a_conflict() -> None:
    with pytest.raises(ResultConflict, match="the head rejects it"):
        counted(TOO_WIDE, few_low_seeds(), MaskPolicy.MAX_OFFSET)


def test_a_pool_whose_folds_are_not_all_there_has_its_fronts() -> None:
    """Ten rows: some fold is empty, so that the rows outside it are all rows."""
    pool = small_pool(60)
    few = Pool(pool.seeds[:12], np.arange(12) < 3, pool.trial_number[:12])

    assert len(fronts_among(every_config(MaskPolicy.MAX_OFFSET)[:50], few, MaskPolicy.MAX_OFFSET)) == SCOPES
