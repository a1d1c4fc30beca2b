"""The tables of release 0.1.0, which made them without a version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the five tables."""
    _make_runs_and_tickets()
    _make_failures_and_rigs()
    op.create_table(
        "scorer_decisions",
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("pool_content", sa.String(64), nullable=False),
        sa.Column("split", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(20)),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
        sa.UniqueConstraint("pool_content", "split", "number"),
    )


def _make_runs_and_tickets() -> None:
    op.create_table(
        "scorer_runs",
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("worker_sha256", sa.String(64), nullable=False),
        sa.Column("pool_sha256", sa.String(64), nullable=False),
        sa.Column("pool_content", sa.String(64), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "scorer_tickets",
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("lane", sa.String(100)),
        sa.Column("node", sa.String(100)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("params", sa.JSON(none_as_null=True)),
        sa.Column("result", sa.JSON(none_as_null=True)),
        sa.Column("objective", sa.Float()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("run_id", "number"),
        sa.ForeignKeyConstraint(["run_id"], ["scorer_runs.run_id"]),
    )
    op.create_index("scorer_tickets_by_state", "scorer_tickets", ["run_id", "state", "number"])


def _make_failures_and_rigs() -> None:
    op.create_table(
        "scorer_failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("node", sa.String(100), nullable=False),
        sa.Column("lane", sa.String(100), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["run_id"], ["scorer_runs.run_id"]),
    )
    op.create_index("ix_scorer_failures_run_id", "scorer_failures", ["run_id"])
    op.create_table(
        "scorer_rigs",
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("node", sa.String(100), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures_in_row", sa.Integer(), nullable=False),
        sa.Column("taken_out", sa.Text()),
        sa.PrimaryKeyConstraint("run_id", "node"),
        sa.ForeignKeyConstraint(["run_id"], ["scorer_runs.run_id"]),
    )
