"""Permutations: what rigs count for the evidence beside a verdict, in batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; of a run that was opened before the head counts all permutations."""
    op.create_table(
        "scorer_permutations",
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lane", sa.String(100)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.ForeignKeyConstraint(["run_id"], ["scorer_runs.run_id"]),
        sa.PrimaryKeyConstraint("run_id", "number"),
    )
