"""The ledger's schema as other releases know it: release 0.1.0, and one that is still to come."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text

from scorer_core.ledger import migrate, migrations, schema
from scorer_core.ledger.database import open_engine, writing
from tests.support.tickets import CONTENT, POOL, RUN, WORKER

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


def release_0_1_0(url: str, *decided: OldDecision, ended: bool = True) -> None:
    """Make the tables of release 0.1.0, which wrote no version, with one run of three tickets, and what was decided."""
    engine = writing(open_engine(url))
    with engine.begin() as connection:
        command.upgrade(migrate.alembic_config(connection), migrate.RELEASE_0_1_0)
        connection.execute(text(f"DROP TABLE {schema.VERSION_TABLE}"))
        for run_id in dict.fromkeys((RUN, *(one.run_id for one in decided))):
            _add(connection, "scorer_runs", **_run(run_id, ended=ended))
        for number in range(3):
            _add(connection, "scorer_tickets", run_id=RUN, number=number, state="open", attempts=0)
        for one in decided:
            _add(connection, "scorer_decisions", **asdict(one))
    engine.dispose()


@dataclass(frozen=True)
class OldDecision:
    """A decision as release 0.1.0 counted them: by the content of the pool."""

    run_id: str
    pool_content: str
    number: int
    verdict: str | None
    decided_at: str
    split: str = "splitmix64-70-30-v1"


def _run(run_id: str, *, ended: bool) -> dict[str, str | None]:
    at = "2024-05-06 07:08:09"
    stored = {"alpha": 0.05, "mask_policy": "keep_fraction", "n_trials": 3, "search": "random", "seed": 7}
    known = {"worker_sha256": WORKER, "pool_sha256": POOL, "pool_content": CONTENT, "folder": "/runs/old"}
    return {"run_id": run_id, "spec": json.dumps(stored), **known, "created_at": at, "ended_at": at if ended else None}


def _add(connection: Connection, table: str, **values: str | int | None) -> None:
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)  # noqa: S608 names of ours
