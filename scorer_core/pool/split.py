"""The one split of a pool: 70 % search, 30 % holdout, by a fixed hash of the seed.

A row's side depends on its seed alone: never on row order, on other rows or on a run's parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.errors import PoolError
from scorer_core.pool.survivors import Pool

SPLIT_NAME = "splitmix64-70-30-v1"
SEARCH_SHARE = 0.70
_THRESHOLD = np.uint64(int(SEARCH_SHARE * 2**64))
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class Split:
    """The two parts of a pool. Only `search` may leave the head node."""

    search: Pool
    holdout: Pool


def in_search(seeds: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return true for each seed of shape (n,) that belongs to the search part."""
    return np.asarray(mixed(seeds) < _THRESHOLD, dtype=np.bool_)


def mixed(seeds: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash of each seed of shape (n,), evenly spread over 64 bits.

    SplitMix64's output function: Steele, Lea, Flood, "Fast splittable pseudorandom number
    generators", OOPSLA 2014.
    """
    with np.errstate(over="ignore"):
        stirred = seeds.astype(np.uint64) + _GAMMA
        stirred = (stirred ^ (stirred >> np.uint64(30))) * _MIX_1
        stirred = (stirred ^ (stirred >> np.uint64(27))) * _MIX_2
    return np.asarray(stirred ^ (stirred >> np.uint64(31)), dtype=np.uint64)


def split_pool(pool: Pool) -> Split:
    """Split a pool into search and holdout rows, both in the pool's order.

    Raises:
        PoolError: a part would lack one of the two classes, so that nothing could be decided.
    """
    search = in_search(pool.seeds)
    split = Split(search=pool.rows(search), holdout=pool.rows(~search))
    for name, part in (("search", split.search), ("holdout", split.holdout)):
        if not part.minority.any() or part.minority.all():
            raise PoolError(
                f"the pool is too small to decide anything: its {name} part has {len(part)} rows, "
                f"{int(part.minority.sum())} of them minority. Give Step 1 more seeds."
            )
    return split
