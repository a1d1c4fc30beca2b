"""A run while it goes: whether it is alive, how far, how long still, which rig is out and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scorer_core.fleet.speed import Speed
from scorer_core.ledger.lanes import (
    Bin,
    LaneState,
    RigState,
    counts_of,
    lane_states,
    last_failures,
    objectives_in_bins,
    recently_spent,
    rig_states,
)
from scorer_core.ledger.records import RunRecord
from scorer_core.run.clock import Clock, utc_now
from scorer_core.run.trials import Failure, TicketState
from scorer_core.views.installation import Installation
from scorer_core.views.pace import HOUR_S, Pace, Paces, paces_of

SHOWN_FAILURES = 5
BINS = 240


@dataclass(frozen=True)
class LaneLine:
    """One lane: the ticket that it is at work on, None while it has none, or its lease ran out."""

    label: str
    done: int
    at_work_on: int | None
    lost: int | None

    @property
    def state(self) -> str:
        """Return `working`, `lost` (its lease ran out) or `idle`."""
        return "working" if self.at_work_on is not None else "lost" if self.lost is not None else "idle"


@dataclass(frozen=True)
class RigLine:
    """One rig in a run; `median_s` is a trial's, `against` how that compares with the other rigs'.

    `out` says why the rig was taken out, None while it is in. `seen_at` is None before it claimed a ticket.
    """

    name: str
    lanes: tuple[LaneLine, ...]
    done: int
    seen_at: datetime | None
    out: str | None
    median_s: float | None
    against: Speed | None

    @property
    def is_slow(self) -> bool:
        """Say whether its trials take much longer than all rigs'."""
        return self.against is not None and self.against.slow

    @property
    def at_work(self) -> int:
        """Return how many of its lanes are at work."""
        return sum(lane.state == "working" for lane in self.lanes)


@dataclass(frozen=True)
class Progress:
    """How a run stands. `per_hour` and `left_s` are None while nothing tells them; so is `best` without a result."""

    counts: Mapping[TicketState, int]
    best: float | None
    per_hour: float | None
    left_s: float | None
    median_s: float | None
    rigs: tuple[RigLine, ...]
    failed_attempts: int
    failures: tuple[tuple[datetime, Failure], ...]
    bins: tuple[Bin, ...]
    bin_width: int

    @property
    def budget(self) -> int:
        """Return how many tickets there are."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """Return how many gave a result."""
        return self.counts[TicketState.DONE]

    @property
    def ended(self) -> int:
        """Return how many are over, with a result or without."""
        return sum(count for state, count in self.counts.items() if state.ended)

    @property
    def lanes(self) -> int:
        """Return how many lanes ever held a ticket."""
        return sum(len(rig.lanes) for rig in self.rigs)

    @property
    def at_work(self) -> int:
        """Return how many lanes are at work."""
        return sum(rig.at_work for rig in self.rigs)


def progress_of(installation: Installation, run: RunRecord, clock: Clock = utc_now) -> Progress:
    """Look at a run's tickets, rigs and failures in the ledger, all at one moment."""
    now, width = clock(), max(1, -(-run.spec.n_trials // BINS))
    with installation.ledger.connect() as connection:
        counts = counts_of(connection, [run.run_id])[run.run_id]
        paces = paces_of(recently_spent(connection, run.run_id))
        rigs = _rigs(lane_states(connection, run.run_id), rig_states(connection, run.run_id), paces, now)
        bins = objectives_in_bins(connection, run.run_id, width)
        failed, failures = last_failures(connection, run.run_id, SHOWN_FAILURES)
    per_hour = _per_hour(rigs, paces)
    return Progress(
        counts=counts,
        best=max((one.best for one in bins), default=None),
        per_hour=per_hour,
        left_s=_left(counts, per_hour),
        median_s=None if paces.all is None else paces.all.median_s,
        rigs=rigs,
        failed_attempts=failed,
        failures=tuple(failures),
        bins=tuple(bins),
        bin_width=width,
    )


def _rigs(lanes: Sequence[LaneState], states: Sequence[RigState], paces: Paces, now: datetime) -> tuple[RigLine, ...]:
    of_rig: dict[str, list[LaneState]] = defaultdict(list)
    for lane in lanes:
        of_rig[lane.node].append(lane)
    seen = {one.node: one for one in states}
    return tuple(
        _rig(name, of_rig[name], seen.get(name), paces.rigs.get(name), now) for name in sorted({*of_rig, *seen})
    )


def _rig(name: str, lanes: Sequence[LaneState], state: RigState | None, pace: Pace | None, now: datetime) -> RigLine:
    lines = tuple(_lane(lane, now) for lane in sorted(lanes, key=lambda one: (len(one.lane), one.lane)))
    return RigLine(
        name=name,
        lanes=lines,
        done=sum(lane.done for lane in lines),
        seen_at=None if state is None else state.seen_at,
        out=None if state is None else state.taken_out,
        median_s=None if pace is None else pace.median_s,
        against=None if pace is None else pace.against,
    )


def _lane(lane: LaneState, now: datetime) -> LaneLine:
    alive = lane.lease_until is not None and lane.lease_until > now
    return LaneLine(lane.lane, lane.done, lane.holds if alive else None, None if alive else lane.holds)


def _per_hour(rigs: Sequence[RigLine], paces: Paces) -> float | None:
    """Return what the lanes that are at work do in an hour, each at the pace of its rig."""
    found = [(pace.per_hour(rig.at_work) or 0.0) for rig in rigs if (pace := paces.of(rig.name)) is not None]
    return sum(found) or None


def _left(counts: Mapping[TicketState, int], per_hour: float | None) -> float | None:
    """Return the seconds to go: what is open, and half of what is at work, at that pace."""
    if per_hour is None:
        return None
    return HOUR_S * (counts[TicketState.OPEN] + 0.5 * counts[TicketState.LEASED]) / per_hour
