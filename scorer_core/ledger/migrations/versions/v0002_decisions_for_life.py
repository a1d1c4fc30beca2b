"""Decisions are counted for the life of the installation; verdicts, challengers and withdrawn configs are remembered.

Release 0.1.0 counted them for each content of the pool. All that it decided counts: in the order of time, each with the
share of alpha that it had.
"""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BEFORE = "0.1.0"
_DEFAULT_ALPHA, _DEFAULT_POLICY = 0.01, "max_offset"


def upgrade() -> None:
    """Make four tables, number what was decided, and drop the table that had it."""
    op.add_column("scorer_runs", sa.Column("decision", sa.Integer()))
    _make_keys_and_verdicts()
    _make_challenges_and_withdrawn()
    _number_what_was_decided()
    op.drop_table("scorer_decisions")


def _make_keys_and_verdicts() -> None:
    op.create_table(
        "scorer_keys",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pool_content", sa.String(64), nullable=False),
        sa.Column("mask_policy", sa.String(40), nullable=False),
        sa.Column("space", sa.String(60), nullable=False),
        sa.Column("strata", sa.String(60), nullable=False),
        sa.Column("alpha", sa.Float(), nullable=False),
        sa.Column("alpha_j", sa.Float(), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("pool_content", "mask_policy", "space", "strata"),
    )
    op.create_table(
        "scorer_verdicts",
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("decision", sa.JSON(none_as_null=True)),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )


def _make_challenges_and_withdrawn() -> None:
    op.create_table(
        "scorer_challenges",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mask", sa.String(250), nullable=False),
        sa.Column("challenger", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "number", "mask"),
        sa.UniqueConstraint("fingerprint", "challenger"),
    )
    op.create_table(
        "scorer_withdrawn",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(250)),
        sa.Column("mask", sa.String(250), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint"),
    )


def _number_what_was_decided() -> None:
    """Give every decision of the old table a number: its strata are the split and how often its pool had been asked."""
    connection = op.get_bind()
    known = {
        "scorer_runs": ("run_id", "spec", "decision"),
        "scorer_decisions": ("run_id", "pool_content", "split", "number", "verdict", "decided_at"),
        "scorer_keys": (
            *("number", "pool_content", "mask_policy", "space", "strata", "alpha", "alpha_j", "run_id", "taken_at"),
        ),
        "scorer_verdicts": ("run_id", "number", "verdict", "decided_at"),
    }
    kinds: dict[str, TypeEngine[Any]] = {
        "spec": sa.JSON(),
        "decided_at": sa.DateTime(timezone=True),
        "taken_at": sa.DateTime(timezone=True),
    }
    runs, old, keys, verdicts = (
        sa.table(name, *(sa.column(one, kinds.get(one)) for one in columns)) for name, columns in known.items()
    )
    asked = sa.select(old, runs.c.spec).outerjoin(runs, runs.c.run_id == old.c.run_id)
    in_order = asked.order_by(old.c.decided_at, old.c.pool_content, old.c.number)
    for number, row in enumerate(connection.execute(in_order).all(), start=1):
        connection.execute(sa.insert(keys).values(number=number, **_key_of(row)))
        connection.execute(sa.update(runs).where(runs.c.run_id == row.run_id).values(decision=number))
        if row.verdict is not None:
            connection.execute(
                sa.insert(verdicts).values(
                    run_id=row.run_id, number=number, verdict=row.verdict, decided_at=row.decided_at
                )
            )


def _key_of(row: Any) -> dict[str, Any]:
    spec = row.spec or {}
    alpha = float(spec.get("alpha", _DEFAULT_ALPHA))
    return {
        "pool_content": row.pool_content,
        "mask_policy": spec.get("mask_policy", _DEFAULT_POLICY),
        "space": _BEFORE,
        "strata": f"{row.split} {row.number}",
        "alpha": alpha,
        "alpha_j": 6.0 * alpha / (math.pi * row.number) ** 2,
        "run_id": row.run_id,
        "taken_at": row.decided_at,
    }
