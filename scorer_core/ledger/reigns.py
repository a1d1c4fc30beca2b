"""The published configs: who challenged each while it reigned, and which were withdrawn.

A config is known by the SHA-256 of its published file, a mask by the parameters that the objective sees.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, or_, select
from sqlalchemy.orm import Session

from scorer_core.ledger.database import alone
from scorer_core.ledger.tables import ChallengeRow, WithdrawnRow
from scorer_core.run.clock import Clock, utc_now


@dataclass(frozen=True)
class Withdrawn:
    """A config that was withdrawn; `mask` is its mask policy and the parameters that the objective sees."""

    fingerprint: str
    run_id: str | None
    mask: dict[str, Any]
    withdrawn_at: datetime


def challenger(engine: Engine, fingerprint: str, number: int, mask: Mapping[str, Any]) -> int:
    """Return the k of a challenger of the published config: its own, or the next, from 1.

    The same mask found by the same decision is the same challenger, however often it is compared.
    """
    with Session(engine) as session, session.begin():
        alone(session.connection())
        words = _words(mask)
        row = session.get(ChallengeRow, (fingerprint, number, words))
        if row is not None:
            return row.challenger
        last = session.scalar(select(func.max(ChallengeRow.challenger)).where(ChallengeRow.fingerprint == fingerprint))
        k = int(last or 0) + 1
        session.add(ChallengeRow(fingerprint=fingerprint, number=number, mask=words, challenger=k))
        return k


def withdraw(
    engine: Engine, fingerprint: str, run_id: str | None, mask: Mapping[str, Any], clock: Clock = utc_now
) -> None:
    """Remember that a config was withdrawn. Doing it again changes nothing."""
    with Session(engine) as session, session.begin():
        alone(session.connection())
        if session.get(WithdrawnRow, fingerprint) is None:
            session.add(WithdrawnRow(fingerprint=fingerprint, run_id=run_id, mask=_words(mask), withdrawn_at=clock()))


def withdrawn(engine: Engine, fingerprint: str, run_id: str, mask: Mapping[str, Any]) -> Withdrawn | None:
    """Return why a config may not be published: it, its run, or its mask was withdrawn. None when it may."""
    query = select(WithdrawnRow).where(
        or_(WithdrawnRow.fingerprint == fingerprint, WithdrawnRow.run_id == run_id, WithdrawnRow.mask == _words(mask))
    )
    with Session(engine) as session:
        row = session.scalars(query.order_by(WithdrawnRow.withdrawn_at.desc()).limit(1)).first()
    return None if row is None else Withdrawn(row.fingerprint, row.run_id, json.loads(row.mask), row.withdrawn_at)


def take_back(engine: Engine, fingerprint: str) -> None:
    """Forget that a config was withdrawn: an operator wants it again."""
    with Session(engine) as session, session.begin():
        row = session.get(WithdrawnRow, fingerprint)
        if row is not None:
            session.delete(row)


def _words(mask: Mapping[str, Any]) -> str:
    return json.dumps(dict(mask), sort_keys=True)
