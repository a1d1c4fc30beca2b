"""What a pool could show at best: where no mask at all would be rare enough, asking costs a decision for nothing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from scorer_core.gate.within_trials.strata import Ints, Strata
from scorer_core.scoring.objective import Reason, by_reason

_FEW = 200
"""Minority rows up to which the best mask is looked for exactly; with more, the rows that it must keep cost nothing."""
Floats = NDArray[np.float64]


def log_p_at_best(strata: Strata) -> float:
    """Return a lower bound of ln P(S ≥ s) over all masks that the objective accepts, exact where the minority is small.

    The rarest result in a stratum keeps its minority and nothing else: 1 / C(rows, minority). A mask has to keep
    some rows more where the minority is smaller than the fewest rows of an accepted mask: with e more, C(minority + e,
    minority) times that. Rows of strata with one label cost nothing.
    """
    rows, minority = strata.rows[strata.mixed], strata.minority[strata.mixed]
    best = -float(_log_ways(rows, minority).sum())
    accepted = np.flatnonzero(by_reason(np.arange(len(strata.codes) + 1), len(strata.codes))[Reason.OK])
    if not len(accepted):
        return 0.0
    free = int(strata.rows[~strata.mixed].sum())
    more = int(accepted[0]) - int(minority.sum()) - free
    if more <= 0 or minority.sum() > _FEW:
        return best
    return best + _least_cost(rows, minority, more)


def _least_cost(rows: Ints, minority: Ints, more: int) -> float:
    """Return the least Σ ln C(minority + e, minority) with Σ e = more: one stratum after another takes its part."""
    cost = np.full(more + 1, np.inf)
    cost[0] = 0.0
    for whole, few in zip(rows.tolist(), minority.tolist(), strict=True):
        extra = np.arange(min(whole - few, more) + 1)
        own = _log_ways(extra + few, np.full_like(extra, few))
        better = cost.copy()
        for taken in extra[1:].tolist():
            better[taken:] = np.minimum(better[taken:], cost[: more + 1 - taken] + own[taken])
        cost = better
    return float(cost[more])


def can_be_real(strata: Strata, space: int, level: float) -> bool:
    """Say whether any result on these strata could have p · space at most `level`."""
    return log_p_at_best(strata) + math.log(space) <= math.log(level)


def _log_ways(rows: Ints, chosen: Ints) -> Floats:
    return np.asarray(gammaln(rows + 1.0) - gammaln(chosen + 1.0) - gammaln(rows - chosen + 1.0), dtype=np.float64)
