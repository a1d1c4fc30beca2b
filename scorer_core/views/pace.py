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


@dataclass(frozen=True)
class Pace:
    """One rig's: `median_s` of its trials, `step_s` from one to the lane's next, and how it compares with others."""

    median_s: float
    step_s: float
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
        """Return a rig's pace, that of all where it finished nothing yet."""
        return self.rigs.get(rig, self.all)


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
    return Pace(mine, max(mine, median(steps)) if steps else mine, against)


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
