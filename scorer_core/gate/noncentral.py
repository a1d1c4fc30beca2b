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

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

_ROOT_TOLERANCE = 1e-13


def log_weights(rows: int, minority: int, kept: int) -> NDArray[np.float64]:
    """Return ln P(X = x | ψ = 1) + const for each possible x, ascending, for `kept` of `rows` rows.

    The weights are summed from the ratios of neighbours, outward from the peak: near it, where the probability is, no
    digit is lost to cancellation, as it would be between log factorials.
    """
    lowest, highest = max(0, kept - (rows - minority)), min(kept, minority)
    x = np.arange(lowest, highest, dtype=np.float64)
    ratios = np.log(((minority - x) * (kept - x)) / ((x + 1) * (rows - minority - kept + x + 1)))
    peak = int(np.count_nonzero(ratios > 0))
    below = np.cumsum(-ratios[:peak][::-1])[::-1]
    above = np.cumsum(ratios[peak:])
    return np.concatenate((below, [0.0], above))


def increasing_root(function: Callable[[float], float], step: float = 1.0) -> float:
    """Return the zero of an increasing function, searched outward from 0 by steps that double."""
    if math.isclose(at_zero := function(0.0), 0.0, abs_tol=1e-9):
        return 0.0
    direction = 1.0 if at_zero < 0 else -1.0
    inner, outer = 0.0, direction * step
    while direction * function(outer) < 0:
        inner, outer = outer, 2 * outer
    return float(brentq(function, inner, outer, xtol=_ROOT_TOLERANCE))
