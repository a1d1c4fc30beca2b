"""Fisher's noncentral hypergeometric distribution, exact to rounding at any size.

With n of N rows kept and m of N in the minority, the number X of kept minority rows has
P(X = x | ψ) ∝ C(m, x)·C(N − m, n − x)·ψ^x, where ψ is the odds ratio of being kept, minority against
the rest (R. A. Fisher, "The logic of inductive inference", J. Roy. Stat. Soc. 98, 1935). ψ = 1 is
chance. `scipy.stats.nchypergeom_fisher` computes the same, but loses its tails (it returns 0 for
10⁻²² on 10⁶ rows) and is a hundred times slower there; the tests hold the two together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

_ROOT_TOLERANCE = 1e-13


@dataclass(frozen=True)
class KeptMinority:
    """The distribution of X given its margins: `log_weights[i]` is ln P(X = lowest + i | ψ = 1) + const.

    `likeliest` is the index at which `log_weights` peaks, with the value 0.
    """

    lowest: int
    log_weights: NDArray[np.float64]
    likeliest: int

    @classmethod
    def given(cls, rows: int, minority: int, kept: int) -> KeptMinority:
        """Build the distribution for `kept` of `rows` rows, `minority` of which are in the minority.

        The weights are summed from the ratios of neighbours, outward from the peak: near it, where
        the probability is, no digit is lost to cancellation, as it would be between log factorials.
        """
        lowest, highest = max(0, kept - (rows - minority)), min(kept, minority)
        x = np.arange(lowest, highest, dtype=np.float64)
        ratios = np.log(((minority - x) * (kept - x)) / ((x + 1) * (rows - minority - kept + x + 1)))
        peak = int(np.count_nonzero(ratios > 0))
        below = np.cumsum(-ratios[:peak][::-1])[::-1]
        above = np.cumsum(ratios[peak:])
        return cls(lowest, np.concatenate((below, [0.0], above)), peak)

    @property
    def highest(self) -> int:
        """Return the largest possible X."""
        return self.lowest + len(self.log_weights) - 1

    def log_tail(self, x: int, log_odds: float) -> float:
        """Return ln P(X ≥ x) at the log odds ratio `log_odds`, for lowest ≤ x ≤ highest."""
        tilted = self._tilted(log_odds)
        return _log_sum_exp(tilted[x - self.lowest :]) - _log_sum_exp(tilted)

    def mean(self, log_odds: float) -> float:
        """Return the mean of X at the log odds ratio `log_odds`."""
        tilted = self._tilted(log_odds)
        weights = np.exp(tilted - tilted.max())
        steps = np.arange(len(weights), dtype=np.float64)
        return self.lowest + float(np.dot(weights, steps) / weights.sum())

    def critical(self, alpha: float) -> int | None:
        """Return the smallest x with P(X ≥ x | ψ = 1) ≤ alpha, or None when no x is that rare."""
        weights = np.exp(self.log_weights)
        tails = np.cumsum(weights[::-1])[::-1] / weights.sum()
        index = int(np.count_nonzero(tails > alpha))
        return None if index == len(tails) else self.lowest + index

    def log_odds_where_tail_is(self, alpha: float, x: int) -> float:
        """Return the log odds ratio at which P(X ≥ x) = alpha, for lowest < x ≤ highest."""
        return increasing_root(lambda log_odds: self.log_tail(x, log_odds) - math.log(alpha))

    def log_odds_where_mean_is(self, mean: float) -> float:
        """Return the log odds ratio at which X has the given mean, for lowest < mean < highest."""
        return increasing_root(lambda log_odds: self.mean(log_odds) - mean)

    def _tilted(self, log_odds: float) -> NDArray[np.float64]:
        steps = np.arange(len(self.log_weights), dtype=np.float64) - self.likeliest
        return self.log_weights + log_odds * steps


def _log_sum_exp(values: NDArray[np.float64]) -> float:
    peak = float(values.max())
    return peak + math.log(float(np.exp(values - peak).sum()))


def increasing_root(function: Callable[[float], float], step: float = 1.0) -> float:
    """Return the zero of an increasing function, searched outward from 0 by steps that double."""
    if math.isclose(at_zero := function(0.0), 0.0, abs_tol=1e-9):
        return 0.0
    direction = 1.0 if at_zero < 0 else -1.0
    inner, outer = 0.0, direction * step
    while direction * function(outer) < 0:
        inner, outer = outer, 2 * outer
    return float(brentq(function, inner, outer, xtol=_ROOT_TOLERANCE))
