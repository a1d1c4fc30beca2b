"""Every run of a ledger; one row that cannot be read costs that run, and no other."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from scorer_core.errors import RunError, RunNotFound, SpecError
from scorer_core.ledger.records import RunRecord, run_record
from scorer_core.ledger.tables import RunRow

log = logging.getLogger(__name__)
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, SpecError)


def readable_runs(engine: Engine) -> list[RunRecord]:
    """Return every run whose row this release can read, the newest first."""
    newest_first = (RunRow.created_at.desc(), RunRow.run_id)
    with Session(engine) as session:
        try:
            return [run_record(row) for row in session.scalars(select(RunRow).order_by(*newest_first))]
        except _UNREADABLE:
            names = session.scalars(select(RunRow.run_id).order_by(*newest_first)).all()
            return [run for name in names if (run := _readable(session, name)) is not None]


def find_run(engine: Engine, run_id: str) -> RunRecord | None:
    """Return a run, None where the ledger does not know it; raises what its row's parser raises."""
    with Session(engine) as session:
        row = session.get(RunRow, run_id)
        return None if row is None else run_record(row)


def unknown_run(run_id: str) -> RunNotFound:
    """Return the error for a run that the ledger does not know."""
    return RunNotFound(f"the ledger knows no run {run_id!r}; `scorer runs` lists those it knows.")


def refuse_change(known: RunRecord, wanted: Mapping[str, object]) -> None:
    """Refuse other inputs than a run has; they are compared parsed: a release may store the same spec in other words.

    Raises:
        RunError: there are some.
    """
    changed = [name for name, value in wanted.items() if getattr(known, name) != value]
    if changed:
        raise RunError(
            f"run {known.run_id} exists with another {', '.join(changed)}. "
            "A run's inputs are fixed when it starts; trigger a new run instead."
        )


def _readable(session: Session, run_id: str) -> RunRecord | None:
    try:
        row = session.get(RunRow, run_id)
        return None if row is None else run_record(row)
    except _UNREADABLE as error:
        log.warning("the ledger's row of run %s cannot be read (%s); it is left out", run_id, error)
        return None
