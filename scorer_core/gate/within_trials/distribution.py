"""How many minority rows a mask keeps, when labels are exchangeable within each stratum: the exact distribution.

S is a sum of independent hypergeometric counts, X_t in stratum t. Tilted by b, P_b(S = s) ∝ P(S = s)·exp(b·s): each X_t
is then Fisher's noncentral hypergeometric with the odds ratio exp(b), common to all strata. A small tail P(S ≥ s)
cannot be summed from its own distribution, in which it is lost to rounding. Tilted so that its mean is s, it can
(exponential tilting: F. Esscher, Skand. Akt. 15, 1932; H. E. Daniels, Ann. Math. Stat. 25, 1954):
P(S ≥ s) = C(b)·Σ_{u ≥ s} P_b(S = u)·exp(−b·u), with the normalisation C(b) = Π C_t(b).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scorer_core.gate.noncentral import increasing_root, log_weights
from scorer_core.gate.within_trials.convolution import Chances, sum_of
from scorer_core.gate.within_trials.strata import Margins

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Logarithm of the normalisation C(b) of a tilted distribution, its mean and its variance."""

    log_normalisation: float
    mean: float
    variance: float


class KeptWithin:
    """The distribution of S for given margins; what is in `minority_kept` is not read.

    Strata with the same margins are one entry with a multiplicity. `lowest` and `highest` are the ends of S.
    """

    def __init__(self, margins: Margins) -> None:
        self.lowest = int(np.maximum(0, margins.kept + margins.minority - margins.rows).sum())
        self.highest = int(np.minimum(margins.kept, margins.minority).sum())
        entries = [
            (log_weights(*(int(count) for count in table)), int(times))
            for table, times in zip(*_distinct(margins), strict=True)
        ]
        self._times = np.array([times for _, times in entries], np.float64)
        self._lengths = np.array([len(entry) for entry, _ in entries], np.intp)
        self._starts = np.concatenate(([0], np.cumsum(self._lengths)[:-1])).astype(np.intp)
        self._steps = _joined(np.arange(length, dtype=np.float64) for length in self._lengths)
        self._weights = _joined(_normal(entry) for entry, _ in entries)

    def moments(self, tilt: float) -> Moments:
        """Return normalisation, mean and variance of S at a tilt."""
        if not len(self._times):
            return Moments(tilt * self.lowest, float(self.lowest), 0.0)
        peaks, weights = self._tilted(tilt)
        totals = np.add.reduceat(weights, self._starts)
        weights /= np.repeat(totals, self._lengths)
        means = np.add.reduceat(weights * self._steps, self._starts)
        away = self._steps - np.repeat(means, self._lengths)
        variances = np.add.reduceat(weights * away * away, self._starts)
        log_normalisation = float(self._times @ (peaks + np.log(totals))) + tilt * self.lowest
        return Moments(log_normalisation, self.lowest + float(self._times @ means), float(self._times @ variances))

    def chances(self, tilt: float) -> Chances:
        """Return P_b(S = s) at a tilt, where it is not negligible."""
        parts = []
        if len(self._times):
            _, weights = self._tilted(tilt)
            for start, length, times in zip(self._starts, self._lengths, self._times, strict=True):
                own = weights[start : start + length]
                parts.append((Chances(0, own / own.sum()), int(times)))
        found = sum_of(parts)
        return Chances(self.lowest + found.first, found.values)

    def tilt_where_mean_is(self, mean: float) -> float:
        """Return the tilt at which S has the given mean, for lowest < mean < highest."""
        return increasing_root(lambda tilt: self.moments(tilt).mean - mean)

    @cached_property
    def null(self) -> Moments:
        """Return the moments without a tilt."""
        return self.moments(0.0)

    def log_chance_of_the_highest(self, tilt: float) -> float:
        """Return ln P_b(S = highest)."""
        if not len(self._times):
            return 0.0
        ends = self._weights[self._starts + self._lengths - 1]
        return float(self._times @ ends) + tilt * self.highest - self.moments(tilt).log_normalisation

    def _tilted(self, tilt: float) -> tuple[Floats, Floats]:
        """Return, for each entry, the peak of its logarithms, and the weights, which are 1 at the peak."""
        logs = self._weights + tilt * self._steps
        peaks = np.maximum.reduceat(logs, self._starts)
        return peaks, np.exp(logs - np.repeat(peaks, self._lengths))


class UpperTail:
    """ln P_b(S ≥ s) for one s and any tilt b, to about 12 digits however small it is."""

    def __init__(self, distribution: KeptWithin, at_least: int) -> None:
        self._of, self._from = distribution, at_least
        self._inside = distribution.lowest < at_least < distribution.highest
        self._home = distribution.tilt_where_mean_is(at_least) if self._inside else 0.0

    def log_chance(self, tilt: float) -> float:
        """Return ln P_b(S ≥ s) at a tilt."""
        if self._from <= self._of.lowest:
            return 0.0
        if self._from > self._of.highest:
            return -math.inf
        if self._from == self._of.highest:
            return min(self._of.log_chance_of_the_highest(tilt), 0.0)
        if tilt >= self._home:  # the tail is the larger part: it needs no help
            return min(math.log(self._of.chances(tilt).above(self._from, 0.0)), 0.0)
        moved = self._of.moments(self._home).log_normalisation - self._of.moments(tilt).log_normalisation
        return min(self._at_home(tilt - self._home) + moved + (tilt - self._home) * self._from, 0.0)

    def tilt_where_chance_is(self, log_chance: float) -> float:
        """Return the tilt at which ln P_b(S ≥ s) = log_chance, for lowest < s ≤ highest and a chance below a half."""
        return increasing_root(lambda tilt: self.log_chance(tilt) - log_chance, step=abs(self._home) or 1.0)

    def _at_home(self, decay: float) -> float:
        return math.log(self._chances_at_home.above(self._from, decay))

    @cached_property
    def _chances_at_home(self) -> Chances:
        return self._of.chances(self._home)


def _distinct(margins: Margins) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return the distinct tables (rows, minority, kept) in which X can vary, and how many strata have each."""
    table = np.stack((margins.rows, margins.minority, margins.kept), axis=1)
    lowest = np.maximum(0, margins.kept + margins.minority - margins.rows)
    varies = lowest < np.minimum(margins.kept, margins.minority)
    found, times = np.unique(table[varies], axis=0, return_counts=True)
    return found, times


def _normal(logs: Floats) -> Floats:
    """Return the logarithms of probabilities that sum to 1."""
    peak = float(logs.max())
    return np.asarray(logs - peak - math.log(float(np.exp(logs - peak).sum())))


def _joined(parts: Iterable[Floats]) -> Floats:
    return np.concatenate([np.empty(0), *parts])
