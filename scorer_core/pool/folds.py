"""The five folds of a pool, by a fixed hash of the seed: what is chosen on four of them is measured on the fifth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.split import mixed

FOLDS = 5
_STREAM = np.uint64(0x5EEDF01D5EEDF01D)
"""Turns the split's hash into one that is independent of it."""


def fold_of(seeds: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return the fold, 0 to FOLDS − 1, of each seed of shape (n,): a row's fold depends on its seed alone."""
    return np.asarray(mixed(seeds.astype(np.uint64) ^ _STREAM) % np.uint64(FOLDS), dtype=np.uint8)
