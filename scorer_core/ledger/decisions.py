"""The alpha-spending ledger: how many decisions a pool has seen, whatever its file is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.records import RunRecord
from scorer_core.ledger.tables import DecisionRow, RunRow
from scorer_core.run.clock import utc_now
from scorer_core.spec import RunSpec


@dataclass(frozen=True)
class PastDecision:
    """One decision of the gate; `verdict` is None while it is being decided, or when that was cut short."""

    pool_content: str
    split: str
    number: int
    run_id: str
    alpha: float
    verdict: str | None
    decided_at: datetime


def decisions(ledger: Ledger, pool_content: str | None = None) -> list[PastDecision]:
    """Return every decision that read a holdout, pool by pool, in order; of one pool if its content is given."""
    query = (
        select(DecisionRow, RunRow.spec)
        .join(RunRow, RunRow.run_id == DecisionRow.run_id)
        .order_by(DecisionRow.pool_content, DecisionRow.split, DecisionRow.number)
    )
    if pool_content is not None:
        query = query.where(DecisionRow.pool_content == pool_content)
    with Session(ledger.engine) as session:
        return [
            PastDecision(row.pool_content, row.split, row.number, row.run_id, _alpha(spec), row.verdict, row.decided_at)
            for row, spec in session.execute(query)
        ]


def _alpha(spec: Mapping[str, Any]) -> float:
    return RunSpec.from_record(spec).alpha


def take_decision_number(ledger: Ledger, run: RunRecord, split: str) -> int:
    """Return the j of this run's decision on its pool, 1 for the first; asking again spends nothing."""
    with Session(ledger.engine) as session, session.begin():
        row = session.get(DecisionRow, run.run_id)
        if row is not None:
            return row.number
        # Two gates on one pool decide one after the other, also where a transaction takes no lock at its start.
        same_pool = select(RunRow.run_id).where(RunRow.pool_content == run.pool_content).order_by(RunRow.run_id)
        session.execute(same_pool.with_for_update())
        taken = session.scalar(
            select(func.max(DecisionRow.number)).where(
                DecisionRow.pool_content == run.pool_content, DecisionRow.split == split
            )
        )
        number = int(taken or 0) + 1
        session.add(
            DecisionRow(
                run_id=run.run_id, pool_content=run.pool_content, split=split, number=number, decided_at=utc_now()
            )
        )
        return number


def note_verdict(ledger: Ledger, run_id: str, verdict: str) -> None:
    """Write the verdict beside the decision."""
    with Session(ledger.engine) as session, session.begin():
        session.get_one(DecisionRow, run_id).verdict = verdict


def give_back_decision_number(ledger: Ledger, run_id: str) -> None:
    """Forget a run's decision: the holdout was not read, so no alpha is spent."""
    with Session(ledger.engine) as session, session.begin():
        session.delete(session.get_one(DecisionRow, run_id))
