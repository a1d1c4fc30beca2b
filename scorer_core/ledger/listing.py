"""Runs of the ledger by the page: filtered, sorted and counted by the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Select, UnaryExpression, func, or_, select

from scorer_core.engines import SearchEngine
from scorer_core.ledger.tables import RunRow, VerdictRow


class Order(StrEnum):
    """How a list of runs is sorted."""

    NEWEST = "newest"
    OLDEST = "oldest"
    RUN = "run"
    POOL = "pool"
    ENGINE = "engine"
    VERDICT = "verdict"
    LIFT = "lift"


class Ended(StrEnum):
    """What stands where a verdict would, for a run without one."""

    RUNNING = "running"
    NONE = "none"


@dataclass(frozen=True)
class Wanted:
    """Which runs: those whose id or pool contains `text`, of an engine, with a verdict or in a state without one."""

    text: str = ""
    engine: SearchEngine | None = None
    verdict: str | Ended | None = None
    order: Order = Order.NEWEST


@dataclass(frozen=True)
class ListedRun:
    """One run's row, its spec as it is stored; `lift` is the candidate's guaranteed one."""

    run_id: str
    created_at: datetime
    ended_at: datetime | None
    decision: int | None
    spec: Mapping[str, Any]
    verdict: str | None
    lift: float | None


def count_runs(engine: Engine, wanted: Wanted) -> int:
    """Return how many runs are wanted."""
    query = _wanted(select(func.count()).select_from(RunRow), wanted)
    with engine.connect() as connection:
        return int(connection.scalar(query) or 0)


def list_runs(engine: Engine, wanted: Wanted, first: int, limit: int) -> list[ListedRun]:
    """Return the runs that are wanted from place `first` on, at most `limit` of them."""
    columns = (RunRow.run_id, RunRow.created_at, RunRow.ended_at, RunRow.decision, RunRow.spec, VerdictRow.verdict)
    query = _wanted(select(*columns, _LIFT).select_from(RunRow), wanted)
    ordered = query.order_by(_order(wanted.order), RunRow.created_at.desc(), RunRow.run_id)
    with engine.connect() as connection:
        return [ListedRun(*row) for row in connection.execute(ordered.offset(first).limit(limit))]


def known_of(engine: Engine, run_ids: Iterable[str]) -> set[str]:
    """Return those of some names that are runs of the ledger."""
    query = select(RunRow.run_id).where(RunRow.run_id.in_(list(run_ids)))
    with engine.connect() as connection:
        return set(connection.scalars(query))


def _wanted(query: Select[Any], wanted: Wanted) -> Select[Any]:
    query = query.outerjoin(VerdictRow, VerdictRow.run_id == RunRow.run_id)
    if wanted.text:
        query = query.where(or_(*(one.icontains(wanted.text, autoescape=True) for one in (RunRow.run_id, _POOL))))
    if wanted.engine is not None:
        query = query.where(_ENGINE == wanted.engine.value)
    if isinstance(wanted.verdict, Ended):
        ended = RunRow.ended_at.is_not(None) if wanted.verdict is Ended.NONE else RunRow.ended_at.is_(None)
        query = query.where(VerdictRow.verdict.is_(None), ended)
    elif wanted.verdict is not None:
        query = query.where(VerdictRow.verdict == wanted.verdict)
    return query


def _order(order: Order) -> UnaryExpression[Any]:
    ways: dict[Order, UnaryExpression[Any]] = {
        Order.NEWEST: RunRow.created_at.desc(),
        Order.OLDEST: RunRow.created_at.asc(),
        Order.RUN: RunRow.run_id.asc(),
        Order.POOL: _POOL.asc(),
        Order.ENGINE: _ENGINE.asc(),
        Order.VERDICT: VerdictRow.verdict.asc().nulls_last(),
        Order.LIFT: _LIFT.desc().nulls_last(),
    }
    return ways[order]


_POOL = RunRow.spec["survivors_path"].as_string()
_ENGINE = RunRow.spec["search"].as_string()
_LIFT = VerdictRow.decision[("proof", "guaranteed_lift")].as_float()
