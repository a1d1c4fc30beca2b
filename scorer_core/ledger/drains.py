"""Drains: GPUs and nodes that get no work, by a check or by a person; across runs and restarts, written down.

What is drained finishes the trial that it has: a lane sees the drain when it claims its next ticket.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, insert, select, update

from scorer_core.ledger.database import alone
from scorer_core.ledger.tables import DrainRow
from scorer_core.rig.health.check import Finding, Lift, State
from scorer_core.rig.health.table import check_of
from scorer_core.run.clock import Clock, utc_now
from scorer_core.text import printable

MAX_REASON = 500


@dataclass(frozen=True)
class Drain:
    """One drain: of a whole node where `gpu` is None, made by a check or by a person; `who` made it, `since` when."""

    id: int
    node: str
    gpu: int | None
    check: str | None
    reason: str
    who: str
    since: datetime
    lifted_at: datetime | None
    lifted_by: str | None

    @property
    def place(self) -> str:
        """Return what is drained, as `scorer drain` takes it."""
        return self.node if self.gpu is None else f"{self.node}:{self.gpu}"

    @property
    def words(self) -> str:
        """Return what is said of it: which place, why, by whom and since when."""
        by = f"check {self.check}" if self.check else self.who
        return f"{self.place} is drained by {by} since {self.since:%Y-%m-%d %H:%M}Z: {self.reason}"

    def holds(self, node: str, gpu: int) -> bool:
        """Say whether a GPU gets no work because of this drain."""
        return self.lifted_at is None and self.node == node and self.gpu in (None, gpu)


def drain(
    writer: Engine,
    node: str,
    gpu: int | None,
    reason: str,
    who: str,
    *,
    check: str | None = None,
    clock: Clock = utc_now,
) -> Drain:
    """Drain a GPU, or a whole node; a person's drain of what that person, or another, has drained stays the first."""
    with writer.begin() as connection:
        return make(connection, node, gpu, reason, who, check=check, now=clock())


def make(
    connection: Connection, node: str, gpu: int | None, reason: str, who: str, *, check: str | None, now: datetime
) -> Drain:
    """Make a drain in a transaction of the caller's, unless there is one of its kind; return the one that there is."""
    alone(connection)
    same = _active().where(
        DrainRow.node == node, DrainRow.gpu.is_not_distinct_from(gpu), DrainRow.check.is_not_distinct_from(check)
    )
    if (known := connection.execute(same).one_or_none()) is None:
        words = printable(reason, MAX_REASON)
        new = {"node": node, "gpu": gpu, "check": check, "reason": words, "who": who[:200], "since": now}
        connection.execute(insert(DrainRow).values(**new))
        known = connection.execute(same).one()
    return _drain(known)


def lift(writer: Engine, node: str, gpu: int | None, who: str, *, clock: Clock = utc_now) -> list[Drain]:
    """Lift every drain of exactly this GPU, or of exactly this node, whoever made it; return those lifted."""
    with writer.begin() as connection:
        found = [one for one in active(connection, node) if one.gpu == gpu]
        _end(connection, found, who, clock())
        return found


def active(connection: Connection, node: str | None = None) -> list[Drain]:
    """Return the drains that hold, of all nodes or of one, the oldest first."""
    query = _active().order_by(DrainRow.since, DrainRow.id)
    return [_drain(row) for row in connection.execute(query if node is None else query.where(DrainRow.node == node))]


def active_drains(engine: Engine) -> list[Drain]:
    """Return the drains that hold, the oldest first."""
    with engine.connect() as connection:
        return active(connection)


def drain_of(connection: Connection, identity: int) -> Drain:
    """Return a drain by its id."""
    return _drain(connection.execute(_columns().where(DrainRow.id == identity)).one())


def follow(
    connection: Connection, node: str, findings: Iterable[Finding], now: datetime
) -> tuple[list[Drain], list[Drain]]:
    """Drain what checks say should be, and lift the drains of those that pass; return the new ones and the lifted."""
    known = active(connection, node)
    made, lifted = [], []
    for found in findings:
        check = check_of(found.check)
        held = [one for one in known if (one.gpu, one.check) == (found.gpu, found.check)]
        if check.severity.drains(found.state) and not held:
            by = f"check {found.check}"
            made.append(make(connection, node, found.gpu, found.reason, by, check=found.check, now=now))
        elif held and found.state is State.OK and check.lifted_by is Lift.PASSES:
            _end(connection, held, f"check {found.check}", now)
            lifted += held
    return made, lifted


def _end(connection: Connection, drains: Sequence[Drain], who: str, now: datetime) -> None:
    if drains:
        these = DrainRow.id.in_([one.id for one in drains])
        connection.execute(update(DrainRow).where(these).values(lifted_at=now, lifted_by=who[:200]))


def _columns() -> Select[Any]:
    return select(*DrainRow.__table__.columns)


def _active() -> Select[Any]:
    return _columns().where(DrainRow.lifted_at.is_(None))


def _drain(row: Row[Any]) -> Drain:
    return Drain(**row._mapping)
