"""How rigs and GPUs are, which are drained, how each lane fares, and who stopped a run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make three tables; failures in a row are counted of GPUs from now on, and of no open run that was before."""
    op.add_column("scorer_runs", sa.Column("stopped_at", sa.DateTime(timezone=True)))
    op.add_column("scorer_runs", sa.Column("stopped_by", sa.String(200)))
    with op.batch_alter_table("scorer_rigs") as rigs:
        rigs.drop_column("failures_in_row")
    op.create_table(
        "scorer_lanes",
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("node", sa.String(100), nullable=False),
        sa.Column("gpu", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures_in_row", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["scorer_runs.run_id"]),
        sa.PrimaryKeyConstraint("run_id", "node", "gpu"),
    )
    op.create_table(
        "scorer_checks",
        sa.Column("node", sa.String(100), nullable=False),
        sa.Column("gpu", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("check", sa.String(40), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("measured", sa.JSON(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("node", "gpu", "check"),
    )
    op.create_table(
        "scorer_drains",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("node", sa.String(100), nullable=False),
        sa.Column("gpu", sa.Integer()),
        sa.Column("check", sa.String(40)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True)),
        sa.Column("lifted_by", sa.String(200)),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("scorer_drains_of_node", "scorer_drains", ["node", "lifted_at"])
