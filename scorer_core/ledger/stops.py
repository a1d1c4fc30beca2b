"""Runs that somebody stopped: their lanes end after the trial that they have, and what was not run is given up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, select, update

from scorer_core.errors import RunError
from scorer_core.ledger.runs import unknown_run
from scorer_core.ledger.tables import RunRow, TicketRow
from scorer_core.run.clock import Clock, utc_now
from scorer_core.run.trials import TicketState


def stop(writer: Engine, run_id: str, who: str, clock: Clock = utc_now) -> datetime:
    """Note that a run is to be stopped, and return since when it is; stopping it again changes nothing.

    Raises:
        RunNotFound: the ledger does not know it.
        RunError: it has ended.
    """
    if not run_id.isprintable():  # no database is asked for what none can hold
        raise unknown_run(run_id)
    with writer.begin() as connection:
        row = connection.execute(
            select(RunRow.ended_at, RunRow.stopped_at).where(RunRow.run_id == run_id)
        ).one_or_none()
        if row is None:
            raise unknown_run(run_id)
        if row.stopped_at is not None:
            since: datetime = row.stopped_at
            return since
        if row.ended_at is not None:
            raise RunError(f"run {run_id} has ended; there is nothing to stop.")
        now = clock()
        connection.execute(update(RunRow).where(RunRow.run_id == run_id).values(stopped_at=now, stopped_by=who[:200]))
        return now


def is_stopped(connection: Connection, run_id: str) -> bool:
    """Say whether somebody stopped a run."""
    return connection.scalar(select(RunRow.stopped_at).where(RunRow.run_id == run_id)) is not None


def give_up_rest(writer: Engine, run_id: str, because: str) -> int:
    """Mark every ticket of a stopped run that did not end as failed, and return how many these are."""
    rest = (TicketRow.run_id == run_id, TicketRow.state.in_([TicketState.OPEN, TicketState.LEASED]))
    given_up = {"state": TicketState.FAILED, "error": because, "lease_until": None}
    with writer.begin() as connection:
        return connection.execute(update(TicketRow).where(*rest).values(**given_up)).rowcount
