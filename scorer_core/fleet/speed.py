"""Slow rigs: how long a node's trials take against those of the other nodes in the same run.

The ratio is the Hodges-Lehmann estimate on the logarithm of the seconds: the median of all ratios of one trial of the
node to one of the others. Its interval is that of the Mann-Whitney test: the ratios that the test does not reject. It
supposes no distribution, a trial that took very long for once hardly moves it, and it holds for the few trials that a
slow rig gets done, where a bootstrap would promise too much. (Hodges and Lehmann 1963, Bauer 1972.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from scorer_core.ledger.lanes import Spent

SLOW = 1.5
"""A node is slow when even the lower end of its interval is above this: rigs are not all alike, and need not be."""
CONFIDENCE = 0.98
_OWN, _OTHERS = 50, 200
"""The trials of a node, and of all others, that are compared: of more, so many that are spread over them evenly."""
_FEW, _MANY = 20, 200
"""Up to so few on one side the chance is not normal; from so many on the other, each of the few falls anywhere."""


@dataclass(frozen=True)
class Speed:
    """A node's trials in one run: how many, their median seconds, and their ratio to the others' with its interval."""

    node: str
    trials: int
    median_s: float
    ratio: float
    low: float
    high: float

    @property
    def slow(self) -> bool:
        """Say whether the node is slower than it may be, as surely as the interval says."""
        return self.low > SLOW

    @property
    def words(self) -> str:
        """Return what is said of it."""
        return (
            f"{self.node} takes {self.ratio:.1f} times as long as the others "
            f"({CONFIDENCE:.0%} interval {self.low:.1f} to {self.high:.1f}, {self.trials} trials)"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the speed as a JSON object."""
        return {**asdict(self), "slow": self.slow}


def speeds_of(spent: Iterable[Spent]) -> list[Speed]:
    """Return how fast each node is against the others, by what finished tickets of one run took."""
    seconds: dict[str, list[float]] = {}
    for one in spent:
        seconds.setdefault(one.node, []).append(one.seconds)
    return speeds(seconds)


def speeds(seconds: Mapping[str, Sequence[float]]) -> list[Speed]:
    """Return how fast each node is against the others, given the seconds of its trials; nothing where one is alone.

    The work is bounded: some 0.02 s for 26 nodes, however many trials they did.
    """
    taken = {node: np.asarray([one for one in times if one > 0.0]) for node, times in seconds.items()}
    taken = {node: times for node, times in taken.items() if times.size}
    if len(taken) < 2:
        return []
    return [
        _against(node, times, np.concatenate([others for name, others in taken.items() if name != node]))
        for node, times in sorted(taken.items())
    ]


def _against(node: str, times: np.ndarray[Any, Any], others: np.ndarray[Any, Any]) -> Speed:
    trials, times, others = times.size, _spread(times, _OWN), _spread(others, _OTHERS)
    ratios = np.sort(np.subtract.outer(np.log(times), np.log(others)).ravel())
    skip = _skipped(times.size, others.size)
    low = -np.inf if skip < 0 else ratios[skip]
    high = np.inf if skip < 0 else ratios[ratios.size - 1 - skip]
    return Speed(
        node,
        int(trials),
        float(np.median(times)),
        float(np.exp(np.median(ratios))),
        float(np.exp(low)),
        float(np.exp(min(high, 50.0))),
    )


def _spread(times: np.ndarray[Any, Any], most: int) -> np.ndarray[Any, Any]:
    return times[:: max(1, -(-times.size // most))]


@lru_cache(maxsize=4096)
def _skipped(one: int, other: int) -> int:
    """Return how many of the sorted ratios lie outside the interval at each end; below 0 where it is unbounded.

    It is the largest u with P(U <= u) <= tail, for U of Mann and Whitney. The chance is exact where one side has few
    trials, by counting rank sums; elsewhere U is normal, or `many` times a sum of uniform numbers, to within what
    matters.
    """
    tail = (1.0 - CONFIDENCE) / 2
    few, many = min(one, other), max(one, other)
    if few > _FEW:
        from scipy.special import ndtri

        spread = np.sqrt(one * other * (one + other + 1) / 12)
        return int(np.floor(one * other / 2 + ndtri(tail) * spread - 0.5))
    if many > _MANY:
        from scipy.stats import irwinhall  # a second's import, which the ledger of a small run does without

        return int(np.floor(many * irwinhall(few).ppf(tail) - 0.5))
    # Subsets of `few` ranks out of few + many, by their U: each of the few passes between 0 and `many` of the others.
    counts = np.zeros((few + 1, few * many + 1))
    counts[0, 0] = 1.0
    for rank in range(few + many):
        for chosen in range(min(few, rank + 1), 0, -1):
            step = rank - (chosen - 1)
            if step <= many:
                counts[chosen, step:] += counts[chosen - 1, : few * many + 1 - step]
    chance = np.cumsum(counts[few] / counts[few].sum())
    return int(np.searchsorted(chance, tail, side="right")) - 1
