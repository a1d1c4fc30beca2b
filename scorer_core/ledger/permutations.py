"""Batches of permutations: what rigs count, when there is nothing else to do, for the evidence beside a verdict.

They are no tickets: they count in no budget, no study and no completion. A run that asks for more of them than the head
counts has them from its start; what rigs give within MAX_ATTEMPTS is what the gate finds. Each function but those on
an open connection is one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from sqlalchemy.orm import Session

from scorer_core.ledger import health, leasing
from scorer_core.ledger.leasing import MAX_ATTEMPTS
from scorer_core.ledger.tables import PermutationRow, RunRow
from scorer_core.rig.protocol import TrialResult, result_from_json, to_body
from scorer_core.run.clock import Clock, utc_now
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind


@dataclass(frozen=True)
class Batch:
    """One batch as it was leased: its number, from 0, and which attempt at it this is."""

    number: int
    attempts: int


def ask(session: Session, run_id: str, batches: int) -> None:
    """Want so many batches of a run."""
    wanted = [{"run_id": run_id, "number": number, "attempts": 0} for number in range(batches)]
    session.execute(insert(PermutationRow), wanted)


def claim(engine: Engine, run_id: str, slot: Slot, lasting: timedelta, clock: Clock = utc_now) -> Batch | None:
    """Lease a lane a batch: its own again, one whose lease has expired, or the first one; None of a stopped run."""
    now = clock()
    wanted = {"in_run": run_id, "at": now, "by_lane": slot.label, "until": now + lasting}
    with engine.begin() as connection:
        row = connection.execute(_LEASE, wanted).one_or_none()
    return None if row is None else Batch(row.number, row.attempts)


def awaited(engine: Engine, run_id: str) -> bool:
    """Say whether there is, or may be again, a batch for a lane to count: never of a run that was stopped."""
    with engine.connect() as connection:
        return connection.scalar(_AWAITED, {"in_run": run_id}) is not None


def settle(engine: Engine, run_id: str, result: TrialResult) -> bool:
    """Note what a rig counted; say whether it was wanted: the first answer stands."""
    this = {"in_run": run_id, "this": result.trial_number, "answer": to_body(result)}
    with engine.begin() as connection:
        health.note_success(connection, run_id, result.node, result.gpu)
        return connection.execute(_SETTLE, this).rowcount == 1


def fail(
    engine: Engine, run_id: str, batch: Batch, slot: Slot, outcome: FailureKind, error: str, clock: Clock = utc_now
) -> None:
    """Let others count what a lane had leased and failed to count; it speaks against its GPU as a trial does."""
    held = {"in_run": run_id, "this": batch.number, "by_lane": slot.label, "attempt": batch.attempts}
    with engine.begin() as connection:
        health.count_failure(connection, run_id, slot, outcome, error, clock())
        connection.execute(_GIVE_BACK, held)


def leave(connection: Connection, run_id: str, slot: Slot) -> None:
    """Let others count what a lane holds, in whatever attempt."""
    connection.execute(_LEAVE, {"in_run": run_id, "by_lane": slot.label})


def drop(session: Session, run_id: str, node: str) -> None:
    """Forget what a node counted."""
    of_node = (PermutationRow.run_id == run_id, PermutationRow.result["node"].as_string() == node)
    session.execute(update(PermutationRow).where(*of_node).values(result=None))


def refuse(engine: Engine, run_id: str, node: str) -> None:
    """Forget what a node counted: one of its answers was found false."""
    with Session(engine) as session, session.begin():
        drop(session, run_id, node)


def counted(engine: Engine, run_id: str) -> list[TrialResult] | None:
    """Return what rigs counted, by the batch's number; None where none were asked."""
    query = select(PermutationRow.result).where(PermutationRow.run_id == run_id).order_by(PermutationRow.number)
    with engine.connect() as connection:
        rows = connection.scalars(query).all()
    return [result_from_json(row) for row in rows if row is not None] if rows else None


_WANTED = (
    select(PermutationRow.number)
    .join(RunRow, RunRow.run_id == PermutationRow.run_id)
    .where(
        PermutationRow.run_id == bindparam("in_run"),
        PermutationRow.result.is_(None),
        PermutationRow.attempts < MAX_ATTEMPTS,
        RunRow.stopped_at.is_(None),
    )
)
_LEASE = leasing.lease(PermutationRow, _WANTED).returning(PermutationRow.number, PermutationRow.attempts)
_AWAITED = _WANTED.limit(1)
_SETTLE = leasing.settle(PermutationRow)
_LEAVE = leasing.leave(PermutationRow)
_GIVE_BACK = leasing.give_back(PermutationRow)
