"""A ticket's way through a run: leased, settled with a result, or given back.

Functions on an open connection: the ledger calls them inside its own transactions. Their statements are
made once, since on SQLite lanes wait for each other's transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, insert, select, update
from sqlalchemy.orm import Session

from scorer_core.errors import ResultConflict, RunNotFound
from scorer_core.ledger import leasing, opinions, permutations
from scorer_core.ledger.records import Ticket
from scorer_core.ledger.tables import TicketRow
from scorer_core.rig.protocol import TrialResult, result_from_json, to_body
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState

Params = dict[str, Any]
Choose = Callable[[int], Params]
"""What a ticket is to run, given its number."""


def open_all(session: Session, run_id: str, budget: int) -> None:
    """Make a run's tickets."""
    opened = {"run_id": run_id, "state": TicketState.OPEN, "attempts": 0}
    session.execute(insert(TicketRow), [{**opened, "number": number} for number in range(budget)])


def lease(
    connection: Connection, run_id: str, slot: Slot, now: datetime, lasting: timedelta, to_others: Sequence[int]
) -> Ticket | None:
    """Lease a lane its own unfinished ticket, else one whose lease has expired, else the first open one."""
    wanted = {"in_run": run_id, "at": now, "by_lane": slot.label, "by_node": slot.node, "until": now + lasting}
    row = connection.execute(_LEASE, {**wanted, "to_others": to_others}).one_or_none()
    if row is None:
        return None
    return Ticket(row.number, TicketState.LEASED, slot.label, row.attempts, row.params, None, row.error)


def assign(connection: Connection, run_id: str, number: int, params: Params) -> Params:
    """Write the parameters on a ticket; return those it has: it keeps its first ones."""
    if connection.execute(_ASSIGN, {"in_run": run_id, "this": number, "chosen": params}).rowcount:
        return params
    return dict(lock(connection, run_id, number).params)


def lock(connection: Connection, run_id: str, number: int) -> Row[Any]:
    """Return a ticket's state, lane, attempts, params and result, which nobody else changes until the transaction ends.

    Raises:
        RunNotFound: there is no such ticket.
    """
    row = connection.execute(_LOCK, {"in_run": run_id, "this": number}).one_or_none()
    if row is None:
        raise RunNotFound(f"run {run_id!r} has no ticket {number}.")
    return row


def settle(connection: Connection, run_id: str, result: TrialResult) -> None:
    """Mark a ticket done with its result; where another rig answered it and a second opinion is wanted, note that.

    The same answer again changes nothing.

    Raises:
        ResultConflict: the ticket has another answer already, or other parameters were to be run, or none yet.
        RunNotFound: there is no such ticket.
    """
    number, params = result.trial_number, result.request["params"]
    row = lock(connection, run_id, number)
    if result.request["trial_number"] != number:
        raise ResultConflict(
            f"run {run_id}: {result.node} calls its answer to trial {result.request['trial_number']} one to trial "
            f"{number}; nothing was recorded."
        )
    if row.state == TicketState.DONE:
        known = None if row.result is None else result_from_json(row.result)
        if known is None or not opinions.settle(connection, run_id, known, result):
            _refuse_another_answer(run_id, known, result)
        return
    if row.params != params:  # a lane writes them on the ticket before it asks a rig
        raise ResultConflict(
            f"run {run_id}: the result of trial {number} from {result.node} is for other "
            "parameters than its ticket's; nothing was recorded."
        )
    settled = {"answer": to_body(result), "value": result.evaluation["objective"]}
    connection.execute(_SETTLE, {"in_run": run_id, "this": number, **settled})


def give_back(connection: Connection, run_id: str, number: int, error: str, *, hopeless: bool) -> TicketState:
    """Open a leased ticket again, or give it up when it is hopeless; return its state."""
    state = TicketState.FAILED if hopeless else TicketState.OPEN
    connection.execute(_GIVE_BACK, {"in_run": run_id, "this": number, "to_state": state, "because": error})
    return state


def leave(connection: Connection, run_id: str, slot: Slot) -> None:
    """Open again what a lane holds that gets no work any more: its earlier self, before a restart, had leased it."""
    connection.execute(_LEAVE, {"in_run": run_id, "by_lane": slot.label})
    opinions.leave(connection, run_id, slot)
    permutations.leave(connection, run_id, slot)


def _refuse_another_answer(run_id: str, known: TrialResult | None, result: TrialResult) -> None:
    if known is None or not known.same_answer(result):
        raise ResultConflict(
            f"run {run_id}: trial {result.trial_number} has two different results, one of "
            f"{known.node if known else 'nowhere'}, one of {result.node}. "
            "Compare the nodes' numpy versions; nothing was picked."
        )


_IN_RUN = TicketRow.run_id == bindparam("in_run")
_THIS = and_(_IN_RUN, TicketRow.number == bindparam("this"))
_HELD = TicketRow.state == TicketState.LEASED
_OURS = TicketRow.lane == bindparam("by_lane")

_LOCK = (
    select(TicketRow.state, TicketRow.lane, TicketRow.attempts, TicketRow.params, TicketRow.result)
    .where(_THIS)
    .with_for_update()
)
_ASSIGN = update(TicketRow).where(_THIS, TicketRow.params.is_(None)).values(params=bindparam("chosen"))
_LEASE = (
    leasing.lease(
        TicketRow,
        select(TicketRow.number).where(_IN_RUN, TicketRow.number.not_in(bindparam("to_others", expanding=True))),
        (
            and_(_HELD, _OURS),
            and_(_HELD, TicketRow.lease_until < bindparam("at")),
            TicketRow.state == TicketState.OPEN,
        ),
    )
    .values(state=TicketState.LEASED, node=bindparam("by_node"))
    .returning(TicketRow.number, TicketRow.attempts, TicketRow.params, TicketRow.error)
)
_SETTLE = (
    update(TicketRow)
    .where(_THIS)
    .values(
        state=TicketState.DONE,
        result=bindparam("answer"),
        objective=bindparam("value"),
        error=None,
        lease_until=None,
    )
)
_LEAVE = update(TicketRow).where(_IN_RUN, _HELD, _OURS).values(state=TicketState.OPEN)
_GIVE_BACK = (
    update(TicketRow).where(_THIS).values(state=bindparam("to_state"), lease_until=None, error=bindparam("because"))
)
