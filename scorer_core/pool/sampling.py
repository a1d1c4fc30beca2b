"""Which rows a trial scores: the sampling that the old system prescribed."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray


def sample_rows(n_rows: int, sample_size: int | None, trial_number: int) -> NDArray[np.intp] | None:
    """Return the row numbers that a trial scores, or None for all rows.

    All rows are scored when `sample_size` is None or not smaller than `n_rows`; else the choice
    is that of `random.Random(trial_number).sample`, the same on every machine and Python version.
    """
    if sample_size is None or sample_size >= n_rows:
        return None
    chosen = random.Random(trial_number).sample(range(n_rows), sample_size)  # noqa: S311 - prescribed
    return np.array(chosen, dtype=np.intp)
