"""Which of millions of configs can still matter: cheap tests of counts against bars that some config already clears.

A config that fails all tests is worse than one that is known, whatever its coverage: in objective, in evidence, and
in its largest lift. The tests err to one side only; what passes is scored exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.scoring.objective import IDEAL_KEEP, REJECTED, combine
from scorer_core.scoring.sweep.scopes import Scope
from scorer_core.scoring.tail import LIFT_TAIL

Counts = NDArray[np.float32] | NDArray[np.float64]

BINS = 512
_HALVINGS = 12
_SLACK = 1e-3
"""More than float32 arithmetic on exact counts, and on shares summed up, can be off by."""
_MARGIN = 1e-6
"""More than float64 arithmetic in another order can be off by."""
WIDE_KEEP = 0.10
"""The share of rows that a mask keeps at least to count for the largest lift."""


@dataclass(frozen=True)
class Bar:
    """What is known to be reached in one scope, of one shard: by one config, `objective` and `evidence` (nats) at once.

    `wanted` is what a config's objective has to reach to matter whatever its evidence is.
    """

    objective: float = REJECTED
    evidence: float = -1.0
    wanted: float = REJECTED


def minority_needed(scopes: Sequence[Scope], bars: Sequence[Bar]) -> NDArray[np.float32]:
    """Return how many minority rows a mask needs at least to reach what is wanted, by scope and bin of rows kept.

    `bin_of` gives the bin. What keeps too few or too many rows needs more than there are.
    """
    rows, minority, trials, fewest, most = (
        _column([getattr(scope, name) for scope in scopes]) for name in ("rows", "minority", "trials", "fewest", "most")
    )
    wanted = _column([bar.wanted for bar in bars]) - _MARGIN
    width = _column([bin_width(scope) for scope in scopes])
    low = np.maximum(width * np.arange(BINS + 1) - 1, 1.0)  # a row more on each side: see bin_of
    high = np.minimum(low + width + 2, rows)
    nearest = np.clip(IDEAL_KEEP * rows, low, np.maximum(low, high))
    coverage = np.minimum(high / np.maximum(trials, 1.0), 1.0)
    share, too_much = np.zeros(low.shape), np.ones(low.shape)
    for _ in range(_HALVINGS):
        middle = (share + too_much) / 2
        reached = combine(rows, minority, nearest, middle * nearest, coverage) >= wanted
        share, too_much = np.where(reached, share, middle), np.where(reached, middle, too_much)
    needed = share * low * (1 - _MARGIN)
    return np.where((high < fewest) | (low > most), np.inf, needed).astype(np.float32)


def bin_width(scope: Scope) -> int:
    """Return how many numbers of rows kept share a bin; the last bin is for all above."""
    return max(scope.most, 0) // BINS + 1


def bin_of(kept: Counts, widths: Counts) -> NDArray[np.int32]:
    """Return the bin of each number of rows kept; a rounding error moves it by one row at most."""
    return np.minimum(kept / widths, BINS).astype(np.int32)


def may_have_evidence(kept: Counts, minority: Counts, expected: Counts, bar: Counts) -> NDArray[np.bool_]:
    """Say where a mask's evidence may exceed a bar.

    KL(q ‖ p) = ∫ (x − p) / (x(1 − x)) dx from p to q is at most (q − p)² / 2x(1 − x) at the end where x(1 − x) is less.
    """
    more = minority - expected
    spread = np.minimum(expected * (kept - expected), minority * (kept - minority))
    return np.asarray((more > 0) & (more * more * kept >= (2 * (1 - _SLACK)) * bar * spread - _SLACK), dtype=np.bool_)


def may_have_lift(kept: Counts, minority: Counts, expected: Counts, lift: float) -> NDArray[np.bool_]:
    """Say where a mask's largest lift may exceed a bar: where M does not exclude lift · E, by the same integral."""
    top = np.minimum(expected * kept.dtype.type(lift), kept)
    short = top - minority
    middle = np.minimum(top, kept / 2)
    spread = middle * (kept - middle)
    return np.asarray((short <= 0) | (short * short * kept <= _tail() * spread + _SLACK), dtype=np.bool_)


def _tail() -> float:
    return -2.0 * math.log(LIFT_TAIL) * (1 + _SLACK)


def _column(values: Sequence[float]) -> NDArray[np.float64]:
    return np.array(values, np.float64)[:, None]
