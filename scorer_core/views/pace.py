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

from scorer_core.fleet.speed import Speed, speeds_of
from scorer_core.ledger.lanes import Spent

HOUR_S = 3600.0
APART_S = 1.0
"""What lies between two trials of a lane, at most: trials that are shorter tell no pace by their own length."""


@dataclass(frozen=True)
class Pace:
    """One rig's: `median_s` of its trials, `step_s` from one to the lane's next, and how it compares with others.

    `step_s` is None where trials are short and no lane has finished two.
    """

    median_s: float
    step_s: float | None
    against: Speed | None = None

    def per_hour(self, lanes: int) -> float | None:
        """Return how many trials so many lanes do in an hour."""
        return HOUR_S * lanes / self.step_s if self.step_s else None


@dataclass(frozen=True)
class Paces:
    """The pace of each rig of one run, and of all together; None before a trial was finished."""

    rigs: Mapping[str, Pace]
    all: Pace | None

    def of(self, rig: str) -> Pace | None:
        """Return a rig's pace, that of all where it finished too little yet."""
        own = self.rigs.get(rig)
        return self.all if own is None or own.step_s is None else own


def paces_of(spent: Sequence[Spent]) -> Paces:
    """Return the paces of one run's finished tickets."""
    of_rig: dict[str, list[Spent]] = defaultdict(list)
    for one in spent:
        of_rig[one.node].append(one)
    if not spent:
        return Paces({}, None)
    fast = {one.node: one for one in speeds_of(spent)}
    return Paces({node: _pace(some, fast.get(node)) for node, some in of_rig.items()}, _pace(spent, None))


def _pace(spent: Sequence[Spent], against: Speed | None) -> Pace:
    mine = median(one.seconds for one in spent)
    steps = list(_steps(spent))
    alone = mine if mine >= APART_S else None
    return Pace(mine, max(mine, median(steps)) if steps else alone, against)


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
