"""What the ledger gives out: frozen records, made from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scorer_core.errors import RequestError, RunError
from scorer_core.ledger.tables import RunRow, TicketRow
from scorer_core.rig.protocol import TrialResult, result_from_json
from scorer_core.run.trials import TicketState
from scorer_core.spec import RunSpec


def study_name(run_id: str) -> str:
    """Return the name of a run's Optuna study of record."""
    return f"scorer/{run_id}"


@dataclass(frozen=True)
class Ticket:
    """One unit of the budget, as it stood when it was read.

    `checks` is set where it was leased for a second opinion: the rig that answered it first.
    """

    number: int
    state: TicketState
    lane: str | None
    attempts: int
    params: dict[str, Any] | None
    result: TrialResult | None
    error: str | None
    checks: str | None = None

    @property
    def objective(self) -> float | None:
        """Return the objective of the result, None without one."""
        return None if self.result is None else float(self.result.evaluation["objective"])


@dataclass(frozen=True)
class Progress:
    """What a sampler learns from a ticket: what is or was tried, and how it ended."""

    number: int
    state: TicketState
    params: dict[str, Any] | None
    objective: float | None


@dataclass(frozen=True)
class RunRecord:
    """What the ledger knows of a run beside its tickets; `decision` is the number of the one that it asked for."""

    run_id: str
    spec: RunSpec
    worker_sha256: str
    pool_sha256: str
    pool_content: str
    folder: str
    created_at: datetime
    ended_at: datetime | None
    decision: int | None = None
    stopped_at: datetime | None = None
    stopped_by: str | None = None

    @property
    def study_name(self) -> str:
        """Return the name of the run's Optuna study of record."""
        return study_name(self.run_id)


def ticket_record(row: TicketRow) -> Ticket:
    """Return a ticket's row as a ticket.

    Raises:
        RunError: the row says what no release wrote.
    """
    try:
        return _ticket(row)
    except (RequestError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"the ledger's row of ticket {row.number} of run {row.run_id} cannot be read ({error}). "
            "Restore the ledger from a backup, or trigger a new run."
        ) from None


def _ticket(row: TicketRow) -> Ticket:
    return Ticket(
        number=row.number,
        state=TicketState(row.state),
        lane=row.lane,
        attempts=row.attempts,
        params=row.params,
        result=None if row.result is None else result_from_json(row.result),
        error=row.error,
    )


def run_record(row: RunRow) -> RunRecord:
    """Return a run's row as a record."""
    return RunRecord(
        run_id=row.run_id,
        spec=RunSpec.from_record(row.spec),
        worker_sha256=row.worker_sha256,
        pool_sha256=row.pool_sha256,
        pool_content=row.pool_content,
        folder=row.folder,
        created_at=row.created_at,
        ended_at=row.ended_at,
        decision=row.decision,
        stopped_at=row.stopped_at,
        stopped_by=row.stopped_by,
    )
