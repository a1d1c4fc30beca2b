"""The five folds of a pool, by a fixed hash of the seed: what is chosen on four of them is measured on the fifth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
_STREAM = np.uint64(0x5EEDF01D5EEDF01D)
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def fold_of(seeds: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return the fold, 0 to FOLDS − 1, of each seed of shape (n,): a row's fold depends on its seed alone.

    By SplitMix64's output function: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    with np.errstate(over="ignore"):
        stirred = (seeds.astype(np.uint64) ^ _STREAM) + _GAMMA
        stirred = (stirred ^ (stirred >> np.uint64(30))) * _MIX_1
        stirred = (stirred ^ (stirred >> np.uint64(27))) * _MIX_2
    return np.asarray((stirred ^ (stirred >> np.uint64(31))) % np.uint64(FOLDS), dtype=np.uint8)
