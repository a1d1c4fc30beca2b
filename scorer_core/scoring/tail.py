"""How surprising a mask's minority is, and how large its lift may be: Hoeffding's bound and its inverse.

Given the seeds and the Step 1 trial of each, labels are exchangeable within a trial. Then the minority that a mask
keeps, M of n rows, has the mean E = Σ over kept rows of their trial's minority share, and

    P(M or more) ≤ exp(−n · KL(M/n ‖ E/n)),   KL(q ‖ p) = q ln(q/p) + (1 − q) ln((1 − q)/(1 − p))

(W. Hoeffding, J. Am. Stat. Assoc. 58, 1963, theorem 1 and section 6: drawing without replacement is no worse).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LIFT_TAIL = 0.05
_HALVINGS = 60


def evidence(kept: int, minority_kept: int, expected: float) -> float:
    """Return n · KL(M/n ‖ E/n) in nats for M above E, else 0; `expected` is E in rows."""
    if minority_kept <= expected:
        return 0.0
    return _divergence(float(kept), float(minority_kept), expected)


def evidences(kept: Floats, minority_kept: Floats, expected: Floats) -> Floats:
    """Return what `evidence` does for arrays of masks; the last bits may differ."""
    above = minority_kept > expected
    some, most, mean = kept[above], minority_kept[above], expected[above]
    rest = some - most
    found = np.zeros(kept.shape)
    found[above] = most * np.log(most / mean) + rest * np.log(np.where(rest > 0, rest, 1.0) / (some - mean))
    return np.maximum(found, 0.0)


def largest_lift(kept: int, minority_kept: int, expected: float) -> float:
    """Return the largest lift λ at which P(M or fewer) ≤ exp(−n · KL(M/n ‖ λE/n)) is still LIFT_TAIL: a bound of 95 %.

    Raises:
        ValueError: nothing is expected, so that there is no lift.
    """
    if not expected > 0.0:
        raise ValueError("no row is kept whose trial has a minority; such a mask has no lift.")
    low, high = float(minority_kept), float(kept)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _divergence(float(kept), float(minority_kept), middle) < -math.log(LIFT_TAIL):
            low = middle
        else:
            high = middle
    return high / expected


def largest_lifts(kept: Floats, minority_kept: Floats, expected: Floats) -> Floats:
    """Return what `largest_lift` does for arrays of masks, 0 where nothing is expected; the last bits may differ."""
    low, high = minority_kept, kept
    rest = kept - minority_kept
    inner = minority_kept * np.log(np.where(minority_kept > 0, minority_kept, 1.0))
    inner += rest * np.log(np.where(rest > 0, rest, 1.0))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            found = inner - minority_kept * np.log(middle) - rest * np.log(kept - middle)
        near = found < -math.log(LIFT_TAIL)  # false where it is infinite or no number: beyond the bound
        low, high = np.where(near, middle, low), np.where(near, high, middle)
    return np.where(expected > 0, high / np.maximum(expected, np.finfo(np.float64).tiny), 0.0)


def _divergence(kept: float, minority_kept: float, expected: float) -> float:
    rest = kept - minority_kept
    first = minority_kept * math.log(minority_kept / expected) if minority_kept else 0.0
    if not rest:
        return max(first, 0.0)
    return max(first + rest * math.log(rest / (kept - expected)), 0.0) if expected < kept else math.inf
