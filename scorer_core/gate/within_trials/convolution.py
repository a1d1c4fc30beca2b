"""The distribution of a sum of independent counts: convolved directly, since a transform would lose what is small.

Every term is positive, so each chance keeps its digits. What lies so far out that it is of no account is cut off.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEGLIGIBLE = 1e-24
"""The chance that may be cut off at each end of each convolution."""


@dataclass(frozen=True)
class Chances:
    """The chances of consecutive numbers, from `first` on: shape (n,), in all 1 but for what was cut off."""

    first: int
    values: NDArray[np.float64]

    def above(self, number: int, decay: float) -> float:
        """Return Σ over s ≥ number of P(s)·exp(decay·(s − number))."""
        found = self.values[max(number - self.first, 0) :]
        return float(found @ np.exp(decay * np.arange(len(found), dtype=np.float64)))


def sum_of(parts: Iterable[tuple[Chances, int]]) -> Chances:
    """Return the distribution of a sum of independent counts, each with the number of times that it is added.

    The shortest are convolved first.
    """
    queue = [(len(whole.values), number, whole) for number, whole in enumerate(_repeated(*part) for part in parts)]
    heapq.heapify(queue)
    number = len(queue)
    while len(queue) > 1:
        (_, _, one), (_, _, other) = heapq.heappop(queue), heapq.heappop(queue)
        both = _sum(one, other)
        heapq.heappush(queue, (len(both.values), number, both))
        number += 1
    return queue[0][2] if queue else Chances(0, np.ones(1))


def _repeated(one: Chances, times: int) -> Chances:
    """Return the distribution of the sum of `times` counts like one, by doubling."""
    power, found = _cut(one), Chances(0, np.ones(1))
    while times:
        if times % 2:
            found = _sum(found, power)
        times //= 2
        power = _sum(power, power) if times else power
    return found


def _sum(one: Chances, other: Chances) -> Chances:
    return _cut(Chances(one.first + other.first, np.convolve(one.values, other.values)))


def _cut(chances: Chances) -> Chances:
    values = chances.values
    below = int(np.searchsorted(np.cumsum(values), NEGLIGIBLE))
    above = int(np.searchsorted(np.cumsum(values[::-1]), NEGLIGIBLE))
    return Chances(chances.first + below, values[below : len(values) - above])
