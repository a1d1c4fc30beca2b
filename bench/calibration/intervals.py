"""The statistics of the studies: exact intervals of shares, and uniformity of p-values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest, hypergeom, kstest

from scorer_core.scoring.counts import Counts


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


def randomised_p_value(counts: Counts, uniform: float) -> float:
    """Return P(X > observed) + uniform · P(X = observed), which is exactly uniform under the null.

    `uniform` is a draw from [0, 1); one half instead gives the mid-p value (H. O. Lancaster, 1961).
    """
    margins = (counts.rows, counts.minority, counts.kept)
    above = float(hypergeom.sf(counts.minority_kept, *margins))
    return min(above + uniform * float(hypergeom.pmf(counts.minority_kept, *margins)), 1.0)


def uniformity(p_values: Sequence[float]) -> dict[str, Any]:
    """Return Kolmogorov-Smirnov tests against the uniform law: statistic and p-value of each.

    `two_sided` asks for uniform; `too_small` has the alternative that p-values are smaller than uniform
    ones, the only direction in which a gate publishes too often.
    """
    if not p_values:
        return {"n": 0, "two_sided": None, "too_small": None}
    tests = {
        "two_sided": kstest(p_values, "uniform", alternative="two-sided"),
        "too_small": kstest(p_values, "uniform", alternative="greater"),
    }
    named = {name: {"statistic": float(test.statistic), "p": float(test.pvalue)} for name, test in tests.items()}
    return {"n": len(p_values), **named}
