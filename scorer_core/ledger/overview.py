"""All runs at a glance: how far each is, its best objective, its verdict. One query, however many runs."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, case, func, select

from scorer_core.ledger.tables import RunRow, TicketRow, VerdictRow
from scorer_core.run.trials import TicketState

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunOverview:
    """One run; `best_objective` is None without a result, `verdict` while the gate has not decided.

    `ended_at` is None while the run is not over; `pool` and `engine` are None where what is stored does not say them.
    """

    run_id: str
    created_at: datetime
    ended_at: datetime | None
    pool: str | None
    engine: str | None
    trials_done: int
    budget: int
    best_objective: float | None
    verdict: str | None
    folder: str

    def to_json(self) -> dict[str, Any]:
        """Return the overview as a JSON object."""
        ended = None if self.ended_at is None else self.ended_at.isoformat()
        return {**asdict(self), "created_at": self.created_at.isoformat(), "ended_at": ended}


def run_overviews(engine: Engine) -> list[RunOverview]:
    """Return every run that the ledger knows, the newest first; one whose row cannot be read is named in the log."""
    try:
        with engine.connect() as connection:
            return _overviews(connection, _every_run())
    except ValueError:
        return [found for run_id in _names(engine) if (found := _readable(engine, run_id)) is not None]


def _names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(RunRow.run_id).order_by(RunRow.created_at.desc(), RunRow.run_id)))


def _readable(engine: Engine, run_id: str) -> RunOverview | None:
    try:
        with engine.connect() as connection:
            return _overviews(connection, _every_run().where(RunRow.run_id == run_id))[0]
    except ValueError as error:
        log.warning("the ledger's row of run %s cannot be read (%s); it is left out", run_id, error)
        return None


def _every_run() -> Select[Any]:
    done = func.sum(case((TicketRow.state == TicketState.DONE, 1), else_=0)).label("done")
    tickets = (
        select(TicketRow.run_id, done, func.count().label("budget"), func.max(TicketRow.objective).label("best"))
        .group_by(TicketRow.run_id)
        .subquery()
    )
    return (
        select(
            RunRow.run_id,
            RunRow.created_at,
            RunRow.ended_at,
            RunRow.spec,
            tickets.c.done,
            tickets.c.budget,
            tickets.c.best,
            VerdictRow.verdict,
            RunRow.folder,
        )
        .join(tickets, tickets.c.run_id == RunRow.run_id)
        .outerjoin(VerdictRow, VerdictRow.run_id == RunRow.run_id)
        .order_by(RunRow.created_at.desc(), RunRow.run_id)
    )


def _overviews(connection: Connection, query: Select[Any]) -> list[RunOverview]:
    return [
        RunOverview(
            run_id=row.run_id,
            created_at=row.created_at,
            ended_at=row.ended_at,
            pool=row.spec.get("survivors_path"),
            engine=row.spec.get("search"),
            trials_done=int(row.done),
            budget=row.budget,
            best_objective=row.best,
            verdict=row.verdict,
            folder=row.folder,
        )
        for row in connection.execute(query)
    ]
