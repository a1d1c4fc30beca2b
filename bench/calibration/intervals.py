"""The statistics of the studies: exact intervals of shares, and quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest


def share(hits: int, runs: int) -> dict[str, Any]:
    """Return hits, runs, rate and its exact 95 % interval; rate and interval are None without runs.

    C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits", Biometrika 26, 1934.
    """
    if runs == 0:
        return {"hits": 0, "runs": 0, "rate": None, "low": None, "high": None}
    interval = binomtest(hits, runs).proportion_ci(0.95, method="exact")
    return {"hits": hits, "runs": runs, "rate": hits / runs, "low": float(interval.low), "high": float(interval.high)}


def quantiles(values: Sequence[float]) -> dict[str, Any]:
    """Return number, mean, median, 5 % and 95 % quantile of the values; None for each without values."""
    if not values:
        return {"n": 0, "mean": None, "median": None, "q05": None, "q95": None}
    low, middle, high = (float(value) for value in np.quantile(values, (0.05, 0.5, 0.95)))
    return {"n": len(values), "mean": float(np.mean(values)), "median": middle, "q05": low, "q95": high}
