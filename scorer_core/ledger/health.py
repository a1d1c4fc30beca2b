"""The health of rigs and GPUs in a run: which are at work, which trials they failed, which are taken out.

Functions on an open connection: the ledger calls them inside its own transactions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, String, and_, bindparam, func, insert, or_, select, union, update
from sqlalchemy.exc import IntegrityError

from scorer_core.errors import Drained, RigError, RigUnfit
from scorer_core.ledger import checks, drains
from scorer_core.ledger.tables import (
    DrainRow,
    FailureRow,
    LaneRow,
    OpinionRow,
    PermutationRow,
    RigRow,
    RunRow,
    TicketRow,
)
from scorer_core.rig.health.check import Finding, State
from scorer_core.run.slot import Slot
from scorer_core.run.trials import Failure, FailureKind, TicketState

ALIVE = timedelta(seconds=60)
SEEN_EVERY = timedelta(seconds=5)
TRIES_ON_A_RIG = 2
MAX_FAILURES = 3
MAX_LOST = 6
BREAKER_FAILURES = 6
TRIALS = "trials"
"""The check that a GPU's trials do not fail in a row."""


@dataclass(frozen=True)
class Standing:
    """How a lane stands in its run: `unfit` is why it gets no ticket, None while it does; `stopped`, whether it was."""

    unfit: RigError | None
    stopped: bool


def see(connection: Connection, run_id: str, slot: Slot, now: datetime) -> Standing:
    """Note that a lane is at work, every few seconds at most; return how it stands, all by one select."""
    this = _this(run_id, slot)
    row = connection.execute(_READ, this).one()
    if row.rig_seen_at is None or row.lane_seen_at is None:
        _enter(connection, run_id, slot, now)
    elif now - row.lane_seen_at >= SEEN_EVERY:
        connection.execute(_RIG_SEEN, {**this, "now": now})
        connection.execute(_LANE_SEEN, {**this, "now": now})
    unfit: RigError | None = None
    if row.taken_out is not None:
        unfit = RigUnfit(slot.node, f"taken out of this run: {row.taken_out}")
    elif row.drain is not None:
        found = drains.drain_of(connection, row.drain)
        unfit = Drained(slot.node, f"{slot.label} ends. {found.words}", by_check=found.check is not None)
    return Standing(unfit, row.stopped_at is not None)


def avoided(connection: Connection, run_id: str, slot: Slot, now: datetime) -> list[int]:
    """Return the tickets that a lane should leave to others that are at work.

    That is what its rig failed twice, while there are other rigs; and what its GPU failed more often than another GPU.
    """
    failed = connection.execute(_FAILED_ON, {"in_run": run_id, "of_node": slot.node}).all()
    if not failed:
        return []
    others = _at_work(connection, run_id, now) - {slot.label}
    elsewhere = any(not label.startswith(f"{slot.node} · ") for label in others)
    on_rig = Counter(row.number for row in failed)
    left = {number for number, times in on_rig.items() if elsewhere and times >= TRIES_ON_A_RIG}
    ours = Counter(row.number for row in failed if row.lane == slot.label and FailureKind(row.outcome).speaks_against)
    for number, times in ours.items():
        by_lane = _failures_by_lane(connection, run_id, number)
        if any(by_lane[label] < times for label in others):
            left.add(number)
    return sorted(left)


def note_success(connection: Connection, run_id: str, node: str, gpu: int) -> None:
    """Note a recorded trial: the GPU's row of failures is broken."""
    connection.execute(_WORKS, _this(run_id, Slot(node, gpu)))


def note_failure(connection: Connection, run_id: str, slot: Slot, failure: Failure, now: datetime) -> None:
    """Note a failed attempt; drain the GPU when its trials keep failing, and take its rig out with the last of them."""
    connection.execute(insert(FailureRow).values(run_id=run_id, node=slot.node, at=now, **asdict(failure)))
    count_failure(connection, run_id, slot, failure.outcome, failure.error, now)


def count_failure(
    connection: Connection, run_id: str, slot: Slot, outcome: FailureKind, error: str, now: datetime
) -> None:
    """Count a failure against a GPU where it speaks against it: see `note_failure`."""
    this = _this(run_id, slot)
    failures = connection.scalar(_LANE_FAILURES.with_for_update(), this)
    if failures is None or not outcome.speaks_against:
        return
    connection.execute(_FAILS, {**this, "failures": failures + 1})
    if failures + 1 < BREAKER_FAILURES:
        return
    reason = f"{failures + 1} trials in a row failed, the last with: {error}"
    checks.note_in(connection, slot.node, [Finding(TRIALS, slot.gpu, State.FAILED, reason)], now)
    lanes = connection.execute(_LANES_OF_RIG, this).all()
    if all(row.failures_in_row >= BREAKER_FAILURES for row in lanes):
        of_each = reason if len(lanes) == 1 else f"of each of its {len(lanes)} GPUs {reason}"
        connection.execute(_OUT, {**this, "reason": of_each})


def taken_out(connection: Connection, run_id: str) -> dict[str, str]:
    """Return the rigs that were taken out of a run, and the GPUs whose trials kept failing there; and why."""
    rigs = {node: str(reason) for node, reason in connection.execute(_OUT_OF_RUN, {"in_run": run_id})}
    for row in connection.execute(_BROKEN, {"in_run": run_id, "limit": BREAKER_FAILURES}):
        if row.node not in rigs:
            rigs[Slot(row.node, row.gpu).label] = f"{row.failures_in_row} trials in a row failed"
    return rigs


def is_hopeless(connection: Connection, run_id: str, number: int) -> bool:
    """Say whether a ticket has failed so often that nobody should try again."""
    of_ticket = (FailureRow.run_id == run_id, FailureRow.number == number)
    outcomes = list(connection.scalars(select(FailureRow.outcome).where(*of_ticket)))
    lost = sum(not FailureKind(outcome).speaks_against for outcome in outcomes)
    return len(outcomes) - lost >= MAX_FAILURES or lost >= MAX_LOST


def expect(connection: Connection, run_id: str, slots: Iterable[Slot], now: datetime) -> None:
    """Note lanes that are about to work, so that a trial can be left to one that starts later."""
    for slot in slots:
        _enter(connection, run_id, slot, now)


def _enter(connection: Connection, run_id: str, slot: Slot, now: datetime) -> None:
    rig = insert(RigRow).values(run_id=run_id, node=slot.node, seen_at=now)
    lane = insert(LaneRow).values(run_id=run_id, node=slot.node, gpu=slot.gpu, seen_at=now, failures_in_row=0)
    for new in (rig, lane):
        with suppress(IntegrityError), connection.begin_nested():  # another lane of this rig may be first
            connection.execute(new)


def _this(run_id: str, slot: Slot) -> dict[str, object]:
    return {"in_run": run_id, "of_node": slot.node, "of_gpu": slot.gpu}


def _at_work(connection: Connection, run_id: str, now: datetime) -> set[str]:
    """Return the lanes that were seen lately or hold a ticket, and are neither drained nor of a rig that is out."""
    seen = connection.execute(_SEEN_LATELY, {"in_run": run_id, "since": now - ALIVE})
    lanes = {Slot(row.node, row.gpu) for row in seen}
    holding = set(connection.scalars(_HOLDING, {"in_run": run_id, "now": now}))
    lanes |= {
        Slot(row.node, row.gpu)
        for row in connection.execute(_LANES, {"in_run": run_id})
        if Slot(row.node, row.gpu).label in holding
    }
    out = set(connection.scalars(_OUT_OF_RUN, {"in_run": run_id}))
    held = drains.active(connection)
    return {
        lane.label for lane in lanes if lane.node not in out and not any(one.holds(lane.node, lane.gpu) for one in held)
    }


def _failures_by_lane(connection: Connection, run_id: str, number: int) -> Counter[str]:
    rows = connection.execute(_FAILED_BY, {"in_run": run_id, "this": number})
    return Counter(row.lane for row in rows if FailureKind(row.outcome).speaks_against)


_IN_RUN = bindparam("in_run", type_=String)
_RIG = and_(RigRow.run_id == _IN_RUN, RigRow.node == bindparam("of_node"))
_RIGS_LANES = and_(LaneRow.run_id == _IN_RUN, LaneRow.node == bindparam("of_node"))
_LANE = and_(_RIGS_LANES, LaneRow.gpu == bindparam("of_gpu"))
_DRAINED = (
    select(func.min(DrainRow.id))
    .where(
        DrainRow.node == bindparam("of_node"),
        DrainRow.lifted_at.is_(None),
        or_(DrainRow.gpu.is_(None), DrainRow.gpu == bindparam("of_gpu")),
    )
    .scalar_subquery()
)
_READ = (
    select(
        RigRow.seen_at.label("rig_seen_at"),
        RigRow.taken_out,
        LaneRow.seen_at.label("lane_seen_at"),
        RunRow.stopped_at,
        _DRAINED.label("drain"),
    )
    .select_from(RunRow)
    .outerjoin(RigRow, _RIG)
    .outerjoin(LaneRow, _LANE)
    .where(RunRow.run_id == _IN_RUN)
)
_RIG_SEEN = update(RigRow).where(_RIG).values(seen_at=bindparam("now"))
_LANE_SEEN = update(LaneRow).where(_LANE).values(seen_at=bindparam("now"))
_LANE_FAILURES = select(LaneRow.failures_in_row).where(_LANE)
_LANES_OF_RIG = select(LaneRow.gpu, LaneRow.failures_in_row).where(_RIGS_LANES)
_LANES = select(LaneRow.node, LaneRow.gpu).where(LaneRow.run_id == _IN_RUN)
_WORKS = update(LaneRow).where(_LANE, LaneRow.failures_in_row > 0).values(failures_in_row=0)
_FAILS = update(LaneRow).where(_LANE).values(failures_in_row=bindparam("failures"))
_OUT = update(RigRow).where(_RIG, RigRow.taken_out.is_(None)).values(taken_out=bindparam("reason"))
_OUT_OF_RUN = select(RigRow.node, RigRow.taken_out).where(RigRow.run_id == _IN_RUN, RigRow.taken_out.is_not(None))
_BROKEN = select(LaneRow.node, LaneRow.gpu, LaneRow.failures_in_row).where(
    LaneRow.run_id == _IN_RUN, LaneRow.failures_in_row >= bindparam("limit")
)
_SEEN_LATELY = _LANES.where(LaneRow.seen_at >= bindparam("since"))
_HOLDING = union(
    select(TicketRow.lane).where(
        TicketRow.run_id == _IN_RUN, TicketRow.state == TicketState.LEASED, TicketRow.lease_until >= bindparam("now")
    ),
    *(
        select(row.lane).where(row.run_id == _IN_RUN, row.lease_until >= bindparam("now"))
        for row in (OpinionRow, PermutationRow)
    ),
)
_FAILED_ON = select(FailureRow.number, FailureRow.lane, FailureRow.outcome).where(
    FailureRow.run_id == _IN_RUN, FailureRow.node == bindparam("of_node")
)
_FAILED_BY = select(FailureRow.lane, FailureRow.outcome).where(
    FailureRow.run_id == _IN_RUN, FailureRow.number == bindparam("this")
)
