"""The verdict on each run: written once, whoever comes first; whoever comes later reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from scorer_core.ledger.tables import RunRow, VerdictRow
from scorer_core.run.clock import Clock, utc_now


@dataclass(frozen=True)
class Settled:
    """A run's verdict. `number` is that of its decision, None where none was asked for.

    `decision` is all that the gate said, as JSON; None in what release 0.1.0 left: it kept that in the run's folder.
    """

    run_id: str
    number: int | None
    verdict: str
    decision: dict[str, Any] | None
    decided_at: datetime


def settle(engine: Engine, run_id: str, verdict: str, decision: Mapping[str, Any], clock: Clock = utc_now) -> Settled:
    """Write down what a gate decided on a run, and return what stands: of several at once the first one's.

    Raises:
        NoResultFound: the ledger does not know the run.
    """
    with Session(engine) as session, session.begin():
        run = session.get_one(RunRow, run_id, with_for_update=True)
        row = session.get(VerdictRow, run_id)
        if row is None:
            row = VerdictRow(
                run_id=run_id, number=run.decision, verdict=verdict, decision=dict(decision), decided_at=clock()
            )
            session.add(row)
        return _settled(row)


def settled(engine: Engine, run_id: str) -> Settled | None:
    """Return the verdict on a run, None while there is none."""
    with Session(engine) as session:
        row = session.get(VerdictRow, run_id)
        return None if row is None else _settled(row)


def all_settled(engine: Engine) -> list[Settled]:
    """Return every verdict, the earliest first."""
    with Session(engine) as session:
        return [
            _settled(row)
            for row in session.scalars(select(VerdictRow).order_by(VerdictRow.decided_at, VerdictRow.run_id))
        ]


def verdicts_by_decision(engine: Engine, numbers: Sequence[int]) -> dict[int, list[str]]:
    """Return the verdicts of all runs that asked for one of some decisions, by its number, the earliest first."""
    query = select(VerdictRow.number, VerdictRow.verdict).where(VerdictRow.number.in_(numbers))
    found: dict[int, list[str]] = {}
    with engine.connect() as connection:
        for number, verdict in connection.execute(query.order_by(VerdictRow.decided_at, VerdictRow.run_id)):
            found.setdefault(int(number or 0), []).append(verdict)
    return found


def _settled(row: VerdictRow) -> Settled:
    return Settled(row.run_id, row.number, row.verdict, row.decision, row.decided_at)
