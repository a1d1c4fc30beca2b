"""Second opinions: of each ticket of a run that is asked twice, what a rig other than the first one answers.

A run is asked twice, or not, from its start. Whether the two answers agree is the head's to say, when the run is
collected. Functions on an open connection, but for those that read or write a whole run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, and_, bindparam, insert, select, update
from sqlalchemy.orm import Session

from scorer_core.ledger import leasing
from scorer_core.ledger.leasing import MAX_ATTEMPTS
from scorer_core.ledger.records import Ticket
from scorer_core.ledger.tables import OpinionRow, TicketRow
from scorer_core.rig.protocol import TrialResult, result_from_json, to_body
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState


def ask(session: Session, run_id: str, budget: int) -> None:
    """Want a second opinion of every ticket of a run."""
    wanted = [{"run_id": run_id, "number": number, "attempts": 0} for number in range(budget)]
    session.execute(insert(OpinionRow), wanted)


def lease(
    connection: Connection, run_id: str, slot: Slot, now: datetime, lasting: timedelta, to_others: Sequence[int]
) -> Ticket | None:
    """Lease a lane a ticket that another rig answered: its own again, one whose lease has expired, or the first one."""
    wanted = {"in_run": run_id, "at": now, "by_lane": slot.label, "of_node": slot.node, "until": now + lasting}
    row = connection.execute(_LEASE, {**wanted, "to_others": to_others}).one_or_none()
    if row is None:
        return None
    first = connection.execute(_FIRST_ANSWER, {"in_run": run_id, "this": row.number}).one()
    return Ticket(row.number, TicketState.LEASED, slot.label, row.attempts, first.params, None, None, first.node)


def awaited(connection: Connection, run_id: str, node: str) -> bool:
    """Say whether there is, or may be again, an opinion that this node can give."""
    return connection.scalar(_AWAITED, {"in_run": run_id, "of_node": node}) is not None


def settle(connection: Connection, run_id: str, first: TrialResult, second: TrialResult) -> bool:
    """Note a rig's answer to what another one answered first, equal or not; say whether it was wanted."""
    if first.node == second.node or first.request != second.request:
        return False
    this = {"in_run": run_id, "this": first.trial_number, "answer": to_body(second)}
    return connection.execute(_SETTLE, this).rowcount == 1


def give_back(connection: Connection, run_id: str, number: int, slot: Slot, attempt: int) -> None:
    """Let others give the opinion that a lane had leased, in that attempt, and did not give."""
    held = {"in_run": run_id, "this": number, "by_lane": slot.label, "attempt": attempt}
    connection.execute(_GIVE_BACK, held)


def leave(connection: Connection, run_id: str, slot: Slot) -> None:
    """Let others give the opinion that a lane holds, in whatever attempt."""
    connection.execute(_LEAVE, {"in_run": run_id, "by_lane": slot.label})


def drop(session: Session, run_id: str, node: str, reopened: Sequence[int]) -> None:
    """Forget what a node said of others' answers, and what others said of those that are open again."""
    of_node = OpinionRow.result["node"].as_string() == node
    forgotten = update(OpinionRow).where(OpinionRow.run_id == run_id, of_node | OpinionRow.number.in_(reopened))
    session.execute(forgotten.values(result=None, lane=None, lease_until=None, attempts=0))


def second_answers(engine: Engine, run_id: str) -> dict[int, TrialResult | None]:
    """Return the second answer to each ticket of a run that is asked twice, None where it is missing, by number."""
    query = select(OpinionRow.number, OpinionRow.result).where(OpinionRow.run_id == run_id).order_by(OpinionRow.number)
    with engine.connect() as connection:
        return {
            number: None if result is None else result_from_json(result) for number, result in connection.execute(query)
        }


_TICKET = and_(TicketRow.run_id == OpinionRow.run_id, TicketRow.number == OpinionRow.number)
_WANTED = (
    select(OpinionRow.number)
    .join(TicketRow, _TICKET)
    .where(
        OpinionRow.run_id == bindparam("in_run"),
        OpinionRow.result.is_(None),
        OpinionRow.attempts < MAX_ATTEMPTS,
        TicketRow.state == TicketState.DONE,
        TicketRow.result["node"].as_string() != bindparam("of_node"),
    )
)
_LEASE = leasing.lease(
    OpinionRow, _WANTED.where(OpinionRow.number.not_in(bindparam("to_others", expanding=True)))
).returning(OpinionRow.number, OpinionRow.attempts)
_FIRST_ANSWER = select(TicketRow.params, TicketRow.result["node"].as_string().label("node")).where(
    TicketRow.run_id == bindparam("in_run"), TicketRow.number == bindparam("this")
)
_AWAITED = _WANTED.limit(1)
_SETTLE = leasing.settle(OpinionRow)
_LEAVE = leasing.leave(OpinionRow)
_GIVE_BACK = leasing.give_back(OpinionRow)
