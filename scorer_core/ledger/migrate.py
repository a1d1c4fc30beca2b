"""Brings the ledger's tables to this release's version, one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, func, inspect, select, update

from scorer_core.errors import RunError, SchemaError
from scorer_core.ledger import schema
from scorer_core.ledger.tables import RunRow
from scorer_core.run.clock import Clock, utc_now

SCRIPTS = "scorer_core.ledger:migrations"
RELEASE_0_1_0 = "0001"
_TABLES_OF_0_1_0 = {f"{schema.PREFIX}{name}" for name in ("runs", "tickets", "failures", "rigs", "decisions")}
_ONE_MIGRATION = 0x5C0_0001  # any number: the advisory lock of PostgreSQL that migrations take
_SHOWN = 5


@dataclass(frozen=True)
class Found:
    """What is in the database: the version of its tables, None for no tables, and the runs that did not end.

    `stamped` says whether the version is written there; release 0.1.0 did not write it.
    """

    version: str | None
    stamped: bool
    open_runs: tuple[str, ...] = ()


def first_use(writer: Engine) -> None:
    """Make the tables of an empty database.

    Raises:
        SchemaError: the tables are of an earlier or a later release, or only some of them are there.
    """
    with _alone(writer) as connection:
        found = _version(connection)
        if found.version is None:
            command.upgrade(alembic_config(connection), "head")
        refuse_another_version(found)


def look(engine: Engine) -> Found:
    """Return what is in the database, and change nothing.

    Raises:
        SchemaError: only some of the ledger's tables are there.
    """
    with engine.connect() as connection:
        return _found(connection)


def upgrade(writer: Engine, *, abandon: bool = False, if_needed: bool = False, clock: Clock = utc_now) -> Found:
    """Bring the tables to this release's version and return what was found; runs still open are ended first.

    With `if_needed`, tables that are of this version already are left alone with the runs that are open.

    Raises:
        RunError: a run is open, and it is not to be abandoned. Nothing was changed.
        SchemaError: the tables are of a later release, or only some of them are there.
    """
    with _alone(writer) as connection:
        found = _found(connection)
        if _is_newer(found.version):
            refuse_another_version(found)
        if if_needed and found.stamped and found.version == schema.HEAD:
            return Found(found.version, stamped=True)
        if found.open_runs:
            if not abandon:
                raise RunError(_about_open_runs(found.open_runs))
            connection.execute(update(RunRow).where(RunRow.ended_at.is_(None)).values(ended_at=clock()))
        config = alembic_config(connection)
        if found.version is not None and not found.stamped:
            command.stamp(config, found.version)
        command.upgrade(config, "head")
    return found


def refuse_another_version(found: Found) -> None:
    """Refuse tables that are of another version than this release's.

    Raises:
        SchemaError: they are; the message says what to do.
    """
    if found.version in (None, schema.HEAD):
        return
    where = "the ledger's tables, in the database of SCORER_DATABASE_URL,"
    if _is_newer(found.version):
        raise SchemaError(
            f"{where} are of version {found.version}, made by a newer release; this one knows versions up to "
            f"{schema.HEAD}. Install the newer release here, or name another database."
        )
    raise SchemaError(
        f"{where} are of version {found.version}, and this release needs {schema.HEAD}. "
        "When no run is open, run `scorer db upgrade`."
    )


def alembic_config(connection: Connection | None = None) -> Config:
    """Return what Alembic's commands are given: where the migrations are, and the connection to run them on."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", SCRIPTS)
    return config


@contextmanager
def _alone(writer: Engine) -> Iterator[Connection]:
    """Begin a transaction that no other migration overlaps, and that is kept whole or not at all.

    SQLite changes a table by making it anew, which breaks every reference to it on the way: they are not
    looked at in this transaction.
    """
    with writer.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _set_foreign_keys(connection, "OFF")
        try:
            with connection.begin():
                if not sqlite:  # on SQLite the transaction has the write lock already
                    connection.execute(select(func.pg_advisory_xact_lock(_ONE_MIGRATION)))
                yield connection
        finally:
            if sqlite:
                _set_foreign_keys(connection, "ON")


def _set_foreign_keys(connection: Connection, switch: str) -> None:
    """Switch them past SQLAlchemy, which would begin a transaction: SQLite ignores the switch within one."""
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute(f"PRAGMA foreign_keys={switch}")


def _found(connection: Connection) -> Found:
    found = _version(connection)
    if found.version is None or _is_newer(found.version):
        return found
    still_open = select(RunRow.run_id).where(RunRow.ended_at.is_(None)).order_by(RunRow.run_id)
    return Found(found.version, found.stamped, tuple(connection.scalars(still_open)))


def _version(connection: Connection) -> Found:
    names = set(inspect(connection).get_table_names())
    if schema.VERSION_TABLE in names:
        return Found(connection.scalar(schema.VERSION), stamped=True)
    known = names & _TABLES_OF_0_1_0
    if not known:
        return Found(None, stamped=False)
    if known != _TABLES_OF_0_1_0:
        raise SchemaError(
            "the database of SCORER_DATABASE_URL has only some of the ledger's tables; "
            f"{', '.join(sorted(_TABLES_OF_0_1_0 - known))} is not there. Restore a backup, or name another database."
        )
    return Found(RELEASE_0_1_0, stamped=False)


def _is_newer(version: str | None) -> bool:
    """Say whether this release's migrations do not know a version."""
    try:
        return version is not None and ScriptDirectory.from_config(alembic_config()).get_revision(version) is None
    except CommandError:
        return True


def _about_open_runs(runs: tuple[str, ...]) -> str:
    more = f" and {len(runs) - _SHOWN} more" if len(runs) > _SHOWN else ""
    return (
        f"runs are open: {', '.join(runs[:_SHOWN])}{more}. Wait until their task `report` is done, or clear it; "
        "`scorer db upgrade --abandon` ends them as they are. The ledger's tables were not changed."
    )
