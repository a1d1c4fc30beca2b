"""What health checks said last, of each GPU and node, with the moment: the drains follow from it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Insert, select
from sqlalchemy.dialects import postgresql, sqlite

from scorer_core.ledger import drains
from scorer_core.ledger.drains import Drain
from scorer_core.ledger.tables import NODE, CheckRow
from scorer_core.rig.health.check import Finding, State
from scorer_core.run.clock import Clock, utc_now
from scorer_core.text import printable

log = logging.getLogger(__name__)

MAX_REASON = 500


@dataclass(frozen=True)
class Checked:
    """The last answer to a check of a node, or of one of its GPUs."""

    node: str
    finding: Finding
    checked_at: datetime


def note(
    writer: Engine, node: str, findings: Iterable[Finding], clock: Clock = utc_now
) -> tuple[list[Drain], list[Drain]]:
    """Keep what checks found on a node, drain and lift what follows; return the new drains and the lifted ones."""
    found = list(findings)
    with writer.begin() as connection:
        made, lifted = note_in(connection, node, found, clock())
    for one in made:
        log.warning("%s", one.words)
    for one in lifted:
        log.info("%s is no longer drained: check %s passes again", one.place, one.check)
    return made, lifted


def note_in(
    connection: Connection, node: str, findings: Iterable[Finding], now: datetime
) -> tuple[list[Drain], list[Drain]]:
    """Do the same in a transaction of the caller's, without a word in the log."""
    found = list(findings)
    for one in sorted(found, key=lambda one: (_place(one), one.check)):  # who locks in one order locks nobody out
        said = {
            "state": one.state.value,
            "reason": printable(one.reason, MAX_REASON),
            "measured": dict(one.values),
            "checked_at": now,
        }
        key = {"node": node, "gpu": _place(one), "check": one.check}
        connection.execute(_kept(connection.dialect.name, key, said))
    return drains.follow(connection, node, found, now)


def checked(engine: Engine) -> list[Checked]:
    """Return the last answer to every check of every node."""
    query = select(CheckRow.node, CheckRow.gpu, CheckRow.check, CheckRow.state, CheckRow.reason, CheckRow.measured)
    ordered = query.add_columns(CheckRow.checked_at).order_by(CheckRow.node, CheckRow.gpu, CheckRow.check)
    with engine.connect() as connection:
        return [
            Checked(
                row.node,
                Finding(row.check, None if row.gpu == NODE else row.gpu, State(row.state), row.reason, row.measured),
                row.checked_at,
            )
            for row in connection.execute(ordered)
        ]


def _place(finding: Finding) -> int:
    return NODE if finding.gpu is None else finding.gpu


def _kept(dialect: str, key: dict[str, Any], said: dict[str, Any]) -> Insert:
    """Return what writes an answer in place of the last one: the lanes of a node look at it at the same moment."""
    if dialect == "postgresql":
        ours = postgresql.insert(CheckRow).values(**key, **said)
        return ours.on_conflict_do_update(index_elements=list(key), set_=said)
    return sqlite.insert(CheckRow).values(**key, **said).on_conflict_do_update(index_elements=list(key), set_=said)
