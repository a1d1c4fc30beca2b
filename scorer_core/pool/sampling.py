"""Which rows a trial scores: the sampling that the old system prescribed."""

from __future__ import annotations

import math
import random

import numpy as np
from numpy.random import RandomState  # here, as numpy loads it at first use: 11 ms of a worker's first trial
from numpy.typing import NDArray

_WORD_BITS = 32
_FEW = 5
"""Up to here, and for few rows, `sample` works otherwise, and is quick."""


def sample_rows(n_rows: int, sample_size: int | None, trial_number: int) -> NDArray[np.intp] | None:
    """Return the row numbers that a trial scores, or None for all rows.

    All rows are scored when `sample_size` is None or not smaller than `n_rows`; else the choice
    is that of `random.Random(trial_number).sample`, the same on every machine and Python version.
    """
    if sample_size is None or sample_size >= n_rows:
        return None
    if sample_size <= _FEW or n_rows <= _set_limit(sample_size) or n_rows.bit_length() > _WORD_BITS:
        chosen = random.Random(trial_number).sample(range(n_rows), sample_size)  # noqa: S311 - prescribed
        return np.array(chosen, dtype=np.intp)
    return _first_distinct(trial_number, n_rows, sample_size)


def _set_limit(sample_size: int) -> int:
    """Return the number of rows above which `sample` draws numbers until it has enough distinct ones."""
    return 21 + int(4 ** math.ceil(math.log(sample_size * 3, 4)))


def _first_distinct(seed: int, n_rows: int, wanted: int) -> NDArray[np.intp]:
    """Return what `random.Random(seed).sample` draws, five times as fast: the first distinct numbers below `n_rows`.

    Both generators are MT19937 with `init_by_array([seed])` (M. Matsumoto, T. Nishimura, ACM TOMACS 8, 1998),
    and a draw takes the highest bits of one word until it is below `n_rows`.
    """
    words = RandomState([seed])  # noqa: NPY002 - its stream is frozen, and Python's own
    shift = _WORD_BITS - n_rows.bit_length()
    first_place = np.empty(n_rows, dtype=np.intp)
    drawn = np.empty(0, dtype=np.intp)
    while True:
        more = (np.frombuffer(words.bytes(12 * wanted), dtype="<u4") >> shift).astype(np.intp)
        drawn = np.concatenate((drawn, more[more < n_rows]))
        places = np.arange(len(drawn))
        first_place[drawn[::-1]] = places[::-1]  # the last one written is the first one drawn
        distinct = drawn[first_place[drawn] == places]
        if len(distinct) >= wanted:
            return np.asarray(distinct[:wanted], dtype=np.intp)
