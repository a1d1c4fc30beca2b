"""The optimum that a search could have found: the head sweeps the pool after one that did not try everything."""

from __future__ import annotations

from typing import Any

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.outcome import merge
from scorer_core.scoring.sweep.shards import ShardRequest, shard_count, shard_params
from scorer_core.spec import RunSpec


def optimum(pool: Pool, spec: RunSpec, most_rows: int) -> dict[str, Any] | None:
    """Return the best config of the space that a run searched, on all rows: its objective and what was searched.

    None when the run has tried everything itself, or the pool has more than `most_rows` rows: a sweep of
    100,000 takes some ten seconds.
    """
    if spec.tries_everything or len(pool) > most_rows:
        return None
    scorer, policy, pinned = PoolScorer.of(pool), spec.mask_policy, spec.pinned
    best = merge(
        scorer.sweep(ShardRequest(number, shard_params(policy, number, pinned), policy))
        for number in range(shard_count(policy, pinned))
    ).best
    return {"params": best.params(policy), "objective": best.objective}
