"""Whether a candidate is better than the published config, on rows that neither was chosen on.

On rows outside the pool that the published config was published from, both masks have been there before the rows, so
that the difference D of their objectives has a standard error, and D / SE is about normal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from scorer_core.gate.within_trials.strata import Mask
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.objective import ENRICH_WEIGHT, combine
from scorer_core.spending import share_of

REIGN_ERROR = 0.05
"""The chance that a published config is replaced by one that is no better, in its whole reign."""
FEWEST_TOLD_APART = 10
"""Minority rows that only one of the two masks keeps: with fewer, the difference is not about normal."""


@dataclass(frozen=True)
class Side:
    """One mask on the fresh rows: what it keeps, and its objective as if no mask were rejected."""

    kept: int
    minority_kept: int
    lift: float
    objective: float


@dataclass(frozen=True)
class Challenge:
    """Candidate and published config on `rows` fresh rows, `minority` of them minority.

    `difference` is the candidate's objective minus the published config's; `standard_error` is None, and `ratio` too,
    where too few rows tell the two apart. `needed` is what the ratio has to reach: z(β_k), β_k what the k-th challenger
    of a reign may spend of REIGN_ERROR.
    """

    rows: int
    minority: int
    candidate: Side | None
    champion: Side | None
    difference: float
    standard_error: float | None
    challenger: int
    needed: float

    @property
    def ratio(self) -> float | None:
        """Return D / SE."""
        return self.difference / self.standard_error if self.standard_error else None

    @property
    def won(self) -> bool:
        """Say whether the candidate is shown to be better."""
        return self.ratio is not None and self.ratio >= self.needed


def challenge(fresh: Pool, candidate: Mask, champion: Mask, challenger: int) -> Challenge:
    """Compare two masks, each of shape (n,), on the n rows outside the pool that the published config came from.

    The variance of D is by the delta method over the four cells of the two masks, in which the labels are independent:
    SE² = Σ a²·n·q(1 − q), a = g₁(x/M₁ − 1/m) − g₀(y/M₀ − 1/m), where x and y say whether candidate and published config
    keep the cell, M₁ and M₀ the minority rows that they keep of m, q the cell's minority share, and
    g = 2.8λ² / (λ² + 1)² the derivative of 0.7·tanh(ln λ). Coverage and size do not depend on labels.
    """
    needed = -float(ndtri(share_of(REIGN_ERROR, challenger)))
    minority = int(np.count_nonzero(fresh.minority))
    if not minority or not candidate.any() or not champion.any():
        return Challenge(len(fresh), minority, None, None, 0.0, None, challenger, needed)
    ours, theirs = _side(fresh, candidate), _side(fresh, champion)
    apart = int(np.count_nonzero(fresh.minority & (candidate ^ champion)))
    error = None
    if ours.minority_kept and theirs.minority_kept and apart >= FEWEST_TOLD_APART:
        error = math.sqrt(_variance(fresh, candidate, champion, ours, theirs)) or None
    difference = ours.objective - theirs.objective
    return Challenge(len(fresh), minority, ours, theirs, difference, error, challenger, needed)


def _side(fresh: Pool, mask: Mask) -> Side:
    rows, minority = len(fresh), int(np.count_nonzero(fresh.minority))
    kept, both = int(np.count_nonzero(mask)), int(np.count_nonzero(mask & fresh.minority))
    coverage = len(np.unique(fresh.trial_number[mask])) / len(np.unique(fresh.trial_number))
    objective = combine(float(rows), float(minority), float(kept), float(both), coverage)
    return Side(kept, both, (both / kept) / (minority / rows), objective)


def _variance(fresh: Pool, candidate: Mask, champion: Mask, ours: Side, theirs: Side) -> float:
    minority = int(np.count_nonzero(fresh.minority))
    slope_1, slope_0 = _slope(ours.lift), _slope(theirs.lift)
    total = 0.0
    for x in (False, True):
        for y in (False, True):
            cell = (candidate == x) & (champion == y)
            rows, of_minority = int(np.count_nonzero(cell)), int(np.count_nonzero(cell & fresh.minority))
            if rows:
                a = slope_1 * (x / ours.minority_kept - 1 / minority) - slope_0 * (
                    y / theirs.minority_kept - 1 / minority
                )
                total += a * a * of_minority * (1 - of_minority / rows)
    return total


def _slope(lift: float) -> float:
    """Return the derivative of the objective by ln λ: 0.7 · 4λ² / (λ² + 1)²."""
    squared = lift * lift
    return 4.0 * ENRICH_WEIGHT * squared / (squared + 1.0) ** 2
