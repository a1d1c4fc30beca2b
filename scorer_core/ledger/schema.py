"""The version of the ledger's tables: one select where it is this release's, else `migrate` is asked."""

from __future__ import annotations

from sqlalchemy import Engine, Select, String, column, select, table
from sqlalchemy.exc import DBAPIError

HEAD = "0006"
"""The version that this release reads and writes: the last file of `migrations/versions/`."""
PREFIX = "scorer_"
VERSION_TABLE = "scorer_schema"
VERSION: Select[str] = select(column("version_num", String)).select_from(table(VERSION_TABLE))


def make_ready(engine: Engine, writer: Engine) -> None:
    """Make the tables where there are none; see that those which are there are of this release's version.

    Raises:
        SchemaError: the tables are of an earlier or a later release.
    """
    if not _is_ready(engine):
        from scorer_core.ledger.migrate import first_use  # Alembic: some 100 ms that a lane does not need

        first_use(writer)


def _is_ready(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            return HEAD == connection.scalar(VERSION)
    except DBAPIError:  # no such table; what is really wrong fails again when the tables are looked at
        return False
