"""The decisions that this installation was asked for: numbered from 1 for its life, each with its share of α.

A number is taken before anything is seen, in the transaction that makes a run's tickets; a run that is cancelled or
fails keeps it. What was asked for once is no new decision when it is asked again, by any engine or seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from scorer_core.ledger.database import alone
from scorer_core.ledger.tables import KeyRow
from scorer_core.run.clock import Clock, utc_now
from scorer_core.spending import share_of


@dataclass(frozen=True)
class DecisionKey:
    """What is decided: on which rows and labels, over which space of configs, within which strata.

    `space` is the version of the space: its ranges, its masks and its objective.
    """

    pool_content: str
    mask_policy: str
    space: str
    strata: str


@dataclass(frozen=True)
class Asked:
    """A decision that a run asks for, with the α of the installation."""

    key: DecisionKey
    alpha: float


@dataclass(frozen=True)
class Taken:
    """A decision that was asked for: `alpha` is the installation's at that time, `alpha_j` what this one may spend.

    `run_id` is the run that asked for it first.
    """

    number: int
    key: DecisionKey
    alpha: float
    alpha_j: float
    run_id: str
    taken_at: datetime


def take(session: Session, asked: Asked, run_id: str, now: datetime) -> int:
    """Return the number of a decision: the one that it has, or the next, in the transaction of the session."""
    alone(session.connection())
    known = session.scalar(select(KeyRow.number).filter_by(**asdict(asked.key)))
    if known is not None:
        return known
    number = int(session.scalar(select(func.max(KeyRow.number))) or 0) + 1
    alpha_j = share_of(asked.alpha, number)
    session.add(
        KeyRow(number=number, **asdict(asked.key), alpha=asked.alpha, alpha_j=alpha_j, run_id=run_id, taken_at=now)
    )
    session.flush()
    return number


def taken(engine: Engine, number: int | None = None) -> list[Taken]:
    """Return every decision that was asked for, by number; or the one with a number."""
    query = select(KeyRow).order_by(KeyRow.number)
    if number is not None:
        query = query.where(KeyRow.number == number)
    with Session(engine) as session:
        return [_taken(row) for row in session.scalars(query)]


def number_of(engine: Engine, key: DecisionKey) -> int | None:
    """Return the number of a decision, None when it was never asked for."""
    with engine.connect() as connection:
        return connection.scalar(select(KeyRow.number).filter_by(**asdict(key)))


def next_number(engine: Engine) -> int:
    """Return the number that the next new decision will have."""
    with engine.connect() as connection:
        return int(connection.scalar(select(func.max(KeyRow.number))) or 0) + 1


def take_all(engine: Engine, asked: Sequence[Asked], by: str, clock: Clock = utc_now) -> list[int]:
    """Return the numbers of several decisions, taken in one transaction without a run; `by` says what for."""
    with Session(engine) as session, session.begin():
        return [take(session, one, by, clock()) for one in asked]


def _taken(row: KeyRow) -> Taken:
    key = DecisionKey(row.pool_content, row.mask_policy, row.space, row.strata)
    return Taken(row.number, key, row.alpha, row.alpha_j, row.run_id, row.taken_at)
