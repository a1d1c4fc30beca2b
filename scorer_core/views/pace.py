"""How fast rigs are: the seconds of their trials, against all rigs' of the run, and from one trial to the next.

Durations are taken by each rig's own clock: none that is wrong moves them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from scorer_core.ledger.lanes import Spent

HOUR_S = 3600.0
SLOW = 1.5
"""Times the median of all from which on a rig stands out."""


@dataclass(frozen=True)
class Pace:
    """One rig's: `median_s` of its trials, `ratio` of that over all rigs', `step_s` from a lane's trial to its next."""

    median_s: float
    ratio: float
    step_s: float

    def per_hour(self, lanes: int) -> float | None:
        """Return how many trials so many lanes do in an hour."""
        return HOUR_S * lanes / self.step_s if self.step_s else None


@dataclass(frozen=True)
class Paces:
    """The pace of each rig of one run, and of all together; None before a trial was finished."""

    rigs: Mapping[str, Pace]
    all: Pace | None

    def of(self, rig: str) -> Pace | None:
        """Return a rig's pace, that of all where it finished nothing yet."""
        return self.rigs.get(rig, self.all)


def is_slow(ratio: float | None) -> bool:
    """Say whether a rig that takes so many times the median of all stands out."""
    return ratio is not None and ratio >= SLOW


def paces_of(spent: Sequence[Spent]) -> Paces:
    """Return the paces of one run's finished tickets."""
    of_rig: dict[str, list[Spent]] = defaultdict(list)
    for one in spent:
        of_rig[one.node].append(one)
    if not spent:
        return Paces({}, None)
    every = _pace(spent, None)
    return Paces({node: _pace(some, every) for node, some in of_rig.items()}, every)


def _pace(spent: Sequence[Spent], every: Pace | None) -> Pace:
    mine = median(one.seconds for one in spent)
    steps = list(_steps(spent))
    ratio = mine / every.median_s if every is not None and every.median_s else 1.0
    return Pace(mine, ratio, max(mine, median(steps)) if steps else mine)


def _steps(spent: Sequence[Spent]) -> Iterable[float]:
    """Yield the seconds from each trial's end to the end of the next one of its lane."""
    ends: dict[str, list[float]] = defaultdict(list)
    for one in spent:
        try:
            ends[one.lane].append(datetime.fromisoformat(one.finished_at).timestamp())
        except ValueError:
            continue
    for moments in ends.values():
        for before, after in pairwise(sorted(moments)):
            yield after - before
