"""A rig whose answers were found false is remembered with the reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the reason to each rig of a run; none was found out before."""
    op.add_column("scorer_rigs", sa.Column("distrusted", sa.Text()))
