"""The health of the rigs in a run: which are at work, which trials they failed, which are taken out.

Functions on an open connection: the ledger calls them inside its own transactions.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from scorer_core.ledger.tables import FailureRow, RigRow
from scorer_core.run.trials import Failure, FailureKind

ALIVE = timedelta(seconds=60)
SEEN_EVERY = timedelta(seconds=5)
TRIES_ON_A_RIG = 2
MAX_FAILURES = 3
MAX_LOST = 6
BREAKER_FAILURES = 6


def see(connection: Connection, run_id: str, node: str, now: datetime) -> str | None:
    """Note that a rig is at work, every few seconds at most; return why it was taken out, None while it is in."""
    this = {"in_run": run_id, "this": node}
    row = connection.execute(_READ, this).one_or_none()
    if row is None:
        with suppress(IntegrityError), connection.begin_nested():  # another lane of this rig may be first
            connection.execute(insert(RigRow).values(run_id=run_id, node=node, seen_at=now, failures_in_row=0))
        return None
    if now - row.seen_at >= SEEN_EVERY:
        connection.execute(_SEEN, {**this, "now": now})
    reason: str | None = row.taken_out
    return reason


def avoided(connection: Connection, run_id: str, node: str, now: datetime) -> list[int]:
    """Return the tickets that a rig should leave to others: it failed them twice, and there are others."""
    failed = list(connection.scalars(_FAILED_TWICE, {"in_run": run_id, "this": node}))
    return failed if failed and _others(connection, run_id, node, now) else []


def note_success(connection: Connection, run_id: str, node: str) -> None:
    """Note a recorded trial: the rig's row of failures is broken."""
    connection.execute(_WORKS, {"in_run": run_id, "this": node})


def note_failure(connection: Connection, run_id: str, node: str, failure: Failure, now: datetime) -> None:
    """Note a failed attempt, and take the rig out when its trials keep failing."""
    connection.execute(insert(FailureRow).values(run_id=run_id, node=node, at=now, **asdict(failure)))
    this = {"in_run": run_id, "this": node}
    row = connection.execute(_READ.with_for_update(), this).one_or_none()
    if row is None or not failure.outcome.speaks_against:
        return
    failures, reason = row.failures_in_row + 1, row.taken_out
    if failures >= BREAKER_FAILURES and reason is None:
        reason = f"{failures} trials in a row failed, the last with: {failure.error}"
    connection.execute(_FAILS, {**this, "failures": failures, "reason": reason})


def is_hopeless(connection: Connection, run_id: str, number: int) -> bool:
    """Say whether a ticket has failed so often that nobody should try again."""
    of_ticket = (FailureRow.run_id == run_id, FailureRow.number == number)
    outcomes = list(connection.scalars(select(FailureRow.outcome).where(*of_ticket)))
    lost = sum(not FailureKind(outcome).speaks_against for outcome in outcomes)
    return len(outcomes) - lost >= MAX_FAILURES or lost >= MAX_LOST


def _others(connection: Connection, run_id: str, node: str, now: datetime) -> bool:
    others = select(func.count()).where(
        RigRow.run_id == run_id, RigRow.node != node, RigRow.taken_out.is_(None), RigRow.seen_at >= now - ALIVE
    )
    return bool(connection.scalar(others))


_THIS = and_(RigRow.run_id == bindparam("in_run"), RigRow.node == bindparam("this"))
_READ = select(RigRow.seen_at, RigRow.failures_in_row, RigRow.taken_out).where(_THIS)
_SEEN = update(RigRow).where(_THIS).values(seen_at=bindparam("now"))
_WORKS = update(RigRow).where(_THIS, RigRow.failures_in_row > 0).values(failures_in_row=0)
_FAILS = update(RigRow).where(_THIS).values(failures_in_row=bindparam("failures"), taken_out=bindparam("reason"))
_FAILED_TWICE = (
    select(FailureRow.number)
    .where(FailureRow.run_id == bindparam("in_run"), FailureRow.node == bindparam("this"))
    .group_by(FailureRow.number)
    .having(func.count() >= TRIES_ON_A_RIG)
)
