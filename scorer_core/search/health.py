"""The health of the rigs in a run: which are at work, which trials they failed, which are taken out.

Functions on an open session: the ledger calls them inside its own transactions.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scorer_core.search.tables import FailureRow, Outcome, RigRow

ALIVE = timedelta(seconds=60)
SEEN_EVERY = timedelta(seconds=5)
TRIES_ON_A_RIG = 2
MAX_FAILURES = 3
MAX_LOST = 6
BREAKER_FAILURES = 6


def see(session: Session, run_id: str, node: str, now: datetime) -> str | None:
    """Note that a rig is at work, every few seconds at most; return why it was taken out, None while it is in."""
    row = session.get(RigRow, (run_id, node))
    if row is None:
        with suppress(IntegrityError), session.begin_nested():  # another lane of this rig may be first
            session.add(RigRow(run_id=run_id, node=node, seen_at=now, failures_in_row=0))
        return None
    if now - row.seen_at >= SEEN_EVERY:
        row.seen_at = now
    return row.taken_out


def avoided(session: Session, run_id: str, node: str, now: datetime) -> list[int]:
    """Return the tickets that a rig should leave to others: it failed them twice, and there are others."""
    failed = session.scalars(
        select(FailureRow.number)
        .where(FailureRow.run_id == run_id, FailureRow.node == node)
        .group_by(FailureRow.number)
        .having(func.count() >= TRIES_ON_A_RIG)
    ).all()
    return list(failed) if failed and _others(session, run_id, node, now) else []


def note_success(session: Session, run_id: str, node: str) -> None:
    """Note a recorded trial: the rig's row of failures is broken."""
    row = session.get(RigRow, (run_id, node))
    if row is not None and row.failures_in_row:
        row.failures_in_row = 0


def note_failure(session: Session, failure: FailureRow) -> None:
    """Note a failed attempt, and take the rig out when its trials keep failing."""
    session.add(failure)
    row = session.get(RigRow, (failure.run_id, failure.node))
    if row is None or failure.outcome == Outcome.LOST:
        return
    row.failures_in_row += 1
    if row.failures_in_row >= BREAKER_FAILURES and row.taken_out is None:
        row.taken_out = f"{row.failures_in_row} trials in a row failed, the last with: {failure.error}"


def is_hopeless(session: Session, run_id: str, number: int) -> bool:
    """Say whether a ticket has failed so often that nobody should try again."""
    session.flush()
    outcomes = session.scalars(
        select(FailureRow.outcome).where(FailureRow.run_id == run_id, FailureRow.number == number)
    ).all()
    lost = sum(outcome == Outcome.LOST for outcome in outcomes)
    return len(outcomes) - lost >= MAX_FAILURES or lost >= MAX_LOST


def _others(session: Session, run_id: str, node: str, now: datetime) -> bool:
    others = select(func.count()).where(
        RigRow.run_id == run_id, RigRow.node != node, RigRow.taken_out.is_(None), RigRow.seen_at >= now - ALIVE
    )
    return bool(session.scalar(others))
