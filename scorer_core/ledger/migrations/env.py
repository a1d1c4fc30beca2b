"""What Alembic runs for each of its commands: on our tables alone, in the caller's transaction.

A new migration is written by `alembic revision --autogenerate --rev-id 0002 -m "what changes"`, in a checkout, against
the database of SCORER_DATABASE_URL at the version before; raise `schema.HEAD` with it.
"""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection

from scorer_core.ledger.schema import PREFIX, VERSION_TABLE
from scorer_core.ledger.tables import Base


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Say whether a name in the database is the ledger's: Optuna's tables stand beside ours."""
    return kind != "table" or (name or "").startswith(PREFIX)


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,  # `alembic_version` is Optuna's
        include_name=_is_ours,
        render_as_batch=True,  # SQLite alters little in place
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _run_for_a_developer() -> None:
    from scorer_core.ledger.database import open_engine, writing
    from scorer_core.settings import load_settings

    with writing(open_engine(load_settings().database_url)).begin() as connection:
        _run(connection)


given: Connection | None = context.config.attributes.get("connection")
if given is None:
    _run_for_a_developer()
else:
    _run(given)
