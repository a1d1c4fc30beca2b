"""The ledger's schema as other releases know it: release 0.1.0, and one that is still to come."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from scorer_core.ledger import migrate, migrations, schema
from scorer_core.ledger.database import open_engine, writing

NEXT = "next"
_MIGRATION = '''
import sqlalchemy as sa
from alembic import op

revision, down_revision = "next", "{before}"


def upgrade() -> None:
    """Add a column, which on SQLite makes the table anew, and all that refers to it stays."""
    with op.batch_alter_table("scorer_runs", recreate="auto") as runs:
        runs.add_column(sa.Column("told", sa.String(20), nullable=False, server_default="nothing"))
        runs.alter_column("pool_content", type_=sa.String(99))
'''


def release_the_next(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make this process a release with one migration more; `patch.undo()` makes it the present one again."""
    scripts = folder / "migrations"
    shutil.copytree(Path(str(migrations.__file__)).parent, scripts)
    (scripts / "versions" / "next.py").write_text(_MIGRATION.format(before=schema.HEAD))
    patch.setattr(migrate, "SCRIPTS", str(scripts))
    patch.setattr(schema, "HEAD", NEXT)


def forget_version(url: str) -> None:
    """Leave a database of version 0001 as release 0.1.0 left it: without a version."""
    engine = writing(open_engine(url))
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {schema.VERSION_TABLE}"))
    engine.dispose()
