"""How a run goes, in a few queries whatever its budget: its lanes, its rigs, its pace, its failures.

A run of 100,000 trials holds some hundred megabytes of answers: what is asked for again and again opens few of them.
Functions on an open connection: what one transaction tells of a run belongs together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Integer, and_, case, cast, func, select
from sqlalchemy.orm import Session

from scorer_core.ledger.records import Ticket, ticket_record
from scorer_core.ledger.tables import FailureRow, RigRow, TicketRow
from scorer_core.run.trials import Failure, FailureKind, TicketState

RECENT = 2000
"""The finished tickets whose seconds are read: those with the highest numbers, which were claimed last."""
_HELD = TicketRow.state == TicketState.LEASED
_DONE = TicketRow.state == TicketState.DONE


@dataclass(frozen=True)
class LaneState:
    """One lane: what it finished, and the ticket that it holds, if any; `lease_until` is None without one."""

    lane: str
    node: str
    done: int
    holds: int | None
    lease_until: datetime | None


@dataclass(frozen=True)
class RigState:
    """One rig in one run: when it last claimed a ticket, whether it was taken out, and why."""

    node: str
    seen_at: datetime
    taken_out: str | None
    distrusted: str | None


@dataclass(frozen=True)
class Spent:
    """How long one finished ticket took, and when it was finished, by the rig's clock; and on which lane."""

    lane: str
    node: str
    seconds: float
    finished_at: str


@dataclass(frozen=True)
class Bin:
    """Neighbouring tickets by number: how many have an objective, and the best one."""

    place: int
    done: int
    best: float


def lane_states(connection: Connection, run_id: str) -> list[LaneState]:
    """Return every lane that ever held a ticket of a run, by node and name."""
    query = (
        select(
            TicketRow.lane,
            TicketRow.node,
            func.sum(case((_DONE, 1), else_=0)),
            func.max(case((_HELD, TicketRow.number))),
            func.max(case((_HELD, TicketRow.lease_until))),
        )
        .where(TicketRow.run_id == run_id, TicketRow.lane.is_not(None))
        .group_by(TicketRow.lane, TicketRow.node)
        .order_by(TicketRow.node, TicketRow.lane)
    )
    return [LaneState(lane, node or "", int(done), *held) for lane, node, done, *held in connection.execute(query)]


def recently_spent(connection: Connection, run_id: str) -> list[Spent]:
    """Return what was spent on the RECENT finished tickets with the highest numbers."""
    query = (
        select(
            TicketRow.lane,
            TicketRow.node,
            TicketRow.result["seconds"].as_float(),
            TicketRow.result["finished_at"].as_string(),
        )
        .where(TicketRow.run_id == run_id, _DONE)
        .order_by(TicketRow.number.desc())
        .limit(RECENT)
    )
    rows = connection.execute(query).all()
    return [Spent(lane or "", node or "", float(seconds or 0.0), at or "") for lane, node, seconds, at in rows]


def seconds_spent(connection: Connection, run_id: str) -> float:
    """Return the seconds of all finished tickets of a run together; it reads every answer's."""
    query = select(func.sum(TicketRow.result["seconds"].as_float())).where(TicketRow.run_id == run_id, _DONE)
    return float(connection.scalar(query) or 0.0)


def best_ticket(connection: Connection, run_id: str, where: Bin, width: int) -> Ticket | None:
    """Return the ticket with the best objective of a bin, ties by lower number; raises RunError where it is odd."""
    first = where.place * width
    numbers = TicketRow.number.between(first, first + width - 1)
    query = select(TicketRow).where(TicketRow.run_id == run_id, numbers, TicketRow.objective.is_not(None))
    with Session(connection) as session:
        row = session.scalars(query.order_by(TicketRow.objective.desc(), TicketRow.number).limit(1)).first()
        return None if row is None else ticket_record(row)


def rig_states(connection: Connection, run_id: str) -> list[RigState]:
    """Return the rigs of a run, by name."""
    columns = (RigRow.node, RigRow.seen_at, RigRow.taken_out, RigRow.distrusted)
    query = select(*columns).where(RigRow.run_id == run_id).order_by(RigRow.node)
    return [RigState(*row) for row in connection.execute(query)]


def last_failures(connection: Connection, run_id: str, limit: int) -> tuple[int, list[tuple[datetime, Failure]]]:
    """Return how many attempts of a run failed, and the latest ones, each with its moment."""
    of_run = FailureRow.run_id == run_id
    query = select(FailureRow).where(of_run).order_by(FailureRow.id.desc()).limit(limit)
    columns = (FailureRow.at, FailureRow.number, FailureRow.lane, FailureRow.outcome, FailureRow.error)
    count = int(connection.scalar(select(func.count()).where(of_run)) or 0)
    found = connection.execute(query.with_only_columns(*columns)).all() if count else []
    return count, [(at, Failure(number, lane, FailureKind(kind), error)) for at, number, lane, kind, error in found]


def objectives_in_bins(connection: Connection, run_id: str, width: int) -> list[Bin]:
    """Return the best objective of every `width` neighbouring tickets, where there is one."""
    place = cast((TicketRow.number - TicketRow.number % width) / width, Integer).label("place")
    query = (
        select(place, func.count(), func.max(TicketRow.objective))
        .where(and_(TicketRow.run_id == run_id, TicketRow.objective.is_not(None)))
        .group_by(place)
        .order_by(place)
    )
    return [Bin(int(where), int(done), float(best or 0.0)) for where, done, best in connection.execute(query)]


def counts_of(connection: Connection, run_ids: list[str]) -> dict[str, dict[TicketState, int]]:
    """Return how many tickets of each of some runs are in each state."""
    found: dict[str, dict[TicketState, int]] = {run_id: dict.fromkeys(TicketState, 0) for run_id in run_ids}
    query = (
        select(TicketRow.run_id, TicketRow.state, func.count())
        .where(TicketRow.run_id.in_(run_ids))
        .group_by(TicketRow.run_id, TicketRow.state)
    )
    for run_id, state, count in connection.execute(query):
        found[run_id][TicketState(state)] = int(count)
    return found
