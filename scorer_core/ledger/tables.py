"""The ledger's tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from scorer_core.ledger.database import UtcDateTime
from scorer_core.run.trials import TicketState

NODE = -1
"""The GPU of a check of the node itself: a key has no NULL."""


class Base(DeclarativeBase):
    """Base of the ledger's tables; their names do not collide with Optuna's or Airflow's."""


class RunRow(Base):
    """One run: its frozen spec and what identifies its inputs."""

    __tablename__ = "scorer_runs"

    run_id: Mapped[str] = mapped_column(String(250), primary_key=True)
    spec: Mapped[dict[str, Any]] = mapped_column(JSON)
    worker_sha256: Mapped[str] = mapped_column(String(64))
    pool_sha256: Mapped[str] = mapped_column(String(64))
    pool_content: Mapped[str] = mapped_column(String(64))
    folder: Mapped[str] = mapped_column(Text)
    decision: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_by: Mapped[str | None] = mapped_column(String(200))


class TicketRow(Base):
    """One unit of a run's budget; its number is the number of the trial that comes of it."""

    __tablename__ = "scorer_tickets"
    __table_args__ = (Index("scorer_tickets_by_state", "run_id", "state", "number"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("scorer_runs.run_id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(String(8), default=TicketState.OPEN)
    lane: Mapped[str | None] = mapped_column(String(100))
    node: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    params: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    objective: Mapped[float | None] = mapped_column(Float)
    error: Mapped[str | None] = mapped_column(Text)


class BesideBudget:
    """The columns of what rigs are asked beside a run's budget; without a `result` its lane works on it, if any."""

    run_id: Mapped[str] = mapped_column(ForeignKey("scorer_runs.run_id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    lane: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class OpinionRow(BesideBudget, Base):
    """What a second rig answers of a ticket."""

    __tablename__ = "scorer_opinions"


class PermutationRow(BesideBudget, Base):
    """What a rig counts of a batch of permutations."""

    __tablename__ = "scorer_permutations"


class FailureRow(Base):
    """One failed attempt at a ticket: where, how, and what the worker said."""

    __tablename__ = "scorer_failures"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("scorer_runs.run_id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    node: Mapped[str] = mapped_column(String(100))
    lane: Mapped[str] = mapped_column(String(100))
    outcome: Mapped[str] = mapped_column(String(12))
    error: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class RigRow(Base):
    """One rig in one run: when it last claimed a ticket, why it was taken out, and whether its answers were false."""

    __tablename__ = "scorer_rigs"

    run_id: Mapped[str] = mapped_column(ForeignKey("scorer_runs.run_id"), primary_key=True)
    node: Mapped[str] = mapped_column(String(100), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    taken_out: Mapped[str | None] = mapped_column(Text)
    distrusted: Mapped[str | None] = mapped_column(Text)


class LaneRow(Base):
    """One GPU in one run: when its lane last claimed a ticket, and how many of its trials failed in a row."""

    __tablename__ = "scorer_lanes"

    run_id: Mapped[str] = mapped_column(ForeignKey("scorer_runs.run_id"), primary_key=True)
    node: Mapped[str] = mapped_column(String(100), primary_key=True)
    gpu: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failures_in_row: Mapped[int] = mapped_column(Integer, default=0)


class CheckRow(Base):
    """The last answer to one health check of a GPU, or of the node itself: its `gpu` is then NODE."""

    __tablename__ = "scorer_checks"

    node: Mapped[str] = mapped_column(String(100), primary_key=True)
    gpu: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    check: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    measured: Mapped[dict[str, float]] = mapped_column(JSON)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DrainRow(Base):
    """One drain of a GPU, or of a whole node: made by a check, or by a person; kept when it is lifted."""

    __tablename__ = "scorer_drains"
    __table_args__ = (Index("scorer_drains_of_node", "node", "lifted_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(String(100))
    gpu: Mapped[int | None] = mapped_column(Integer)
    check: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(String(200))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by: Mapped[str | None] = mapped_column(String(200))


class KeyRow(Base):
    """One decision that the installation was asked for: on which content, over which space; and its share of alpha."""

    __tablename__ = "scorer_keys"
    __table_args__ = (UniqueConstraint("pool_content", "mask_policy", "space", "strata"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    pool_content: Mapped[str] = mapped_column(String(64))
    mask_policy: Mapped[str] = mapped_column(String(40))
    space: Mapped[str] = mapped_column(String(60))
    strata: Mapped[str] = mapped_column(String(60))
    alpha: Mapped[float] = mapped_column(Float)
    alpha_j: Mapped[float] = mapped_column(Float)
    run_id: Mapped[str] = mapped_column(String(250))
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VerdictRow(Base):
    """The verdict on one run, and all that the gate said; `number` is that of the decision, if one was asked for."""

    __tablename__ = "scorer_verdicts"

    run_id: Mapped[str] = mapped_column(String(250), primary_key=True)
    number: Mapped[int | None] = mapped_column(Integer)
    verdict: Mapped[str] = mapped_column(String(20))
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ChallengeRow(Base):
    """One challenger of one published config: the mask that a decision found, and which challenger of it that was."""

    __tablename__ = "scorer_challenges"
    __table_args__ = (UniqueConstraint("fingerprint", "challenger"),)

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    mask: Mapped[str] = mapped_column(String(250), primary_key=True)
    challenger: Mapped[int] = mapped_column(Integer)


class WithdrawnRow(Base):
    """One published config that was withdrawn: neither its run nor its mask comes back by itself."""

    __tablename__ = "scorer_withdrawn"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    run_id: Mapped[str | None] = mapped_column(String(250))
    mask: Mapped[str] = mapped_column(String(250))
    withdrawn_at: Mapped[datetime] = mapped_column(UtcDateTime)
