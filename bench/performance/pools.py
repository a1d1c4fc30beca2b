"""Pools for the benchmarks: rows of any number, made in a moment."""

from __future__ import annotations

import numpy as np

from scorer_core.pool.survivors import Pool

MINORITY_SHARE = 0.081
TRIAL_NUMBERS = 60


def pool_of(rows: int, seed: int = 1) -> Pool:
    """Return a pool of `rows` rows with random labels; its seeds are spread over 2⁴⁸."""
    rng = np.random.default_rng(seed)
    step = 2**48 // (rows + 1)
    seeds = np.arange(1, rows + 1, dtype=np.uint64) * np.uint64(step) + rng.integers(0, step, rows).astype(np.uint64)
    return Pool(seeds, rng.random(rows) < MINORITY_SHARE, rng.integers(0, TRIAL_NUMBERS, rows))
