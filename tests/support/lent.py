"""Databases of one PostgreSQL server, lent to one test after the other: to make each anew takes ten times as long.

Each is a copy of one that has the ledger's tables and Optuna's. What a test wrote is deleted when the database comes
back; one whose tables a test made, changed or dropped is dropped, as is one that what was deleted has made large.
"""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import cache
from itertools import count

import psycopg
from optuna.storages import RDBStorage
from sqlalchemy import make_url

from scorer_core.ledger import schema
from scorer_core.ledger.ledger import Ledger
from tests.support.postgres import postgres_server

_KEPT = (schema.VERSION_TABLE, "alembic_version", "version_info")
_OBJECTS = ("pg_class", "pg_constraint", "pg_namespace", "pg_proc", "pg_trigger", "pg_type")
_CATALOGS = [
    *(f"{name} AS one WHERE oid >= 16384 OR oid = 'public'::regnamespace" for name in _OBJECTS),
    "pg_attribute AS one WHERE attrelid >= 16384",  # what is below comes with PostgreSQL
    *(f"{name} AS one" for name in _KEPT),
]
# Which transaction was the last to write each row of the catalogs, and of the tables of versions.
_SHAPE = "SELECT md5(concat_ws(',', {}))".format(
    ", ".join(f"(SELECT string_agg(one.xmin::text, ' ' ORDER BY one.ctid) FROM {rows})" for rows in _CATALOGS)
)
_DELETE_ROWS = """
    DO $$ DECLARE made regclass; BEGIN
        SET LOCAL session_replication_role = replica; -- no row asks for another
        FOR made IN SELECT oid FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT IN ({}) LOOP
            EXECUTE 'DELETE FROM ' || made;
        END LOOP;
        FOR made IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' LOOP
            PERFORM setval(made, 1, false);
        END LOOP;
    END $$
""".format(", ".join(f"'{name}'" for name in _KEPT))
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

_MOST_FREE = 4
"""So many wait for the next test; a test that has more of them at once is rare."""
_MOST_BYTES = 25_000_000
"""PostgreSQL gives the room of deleted rows back late; a new database has nine million bytes."""
_HEAD = schema.HEAD
_numbers = count()
_free: list[str] = []


_FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c wal_level=minimal -c max_wal_senders=0"
"""What it writes need not survive its process."""


@cache
def server() -> str:
    """Return the URL of this process's server, which ends with the process."""
    until_the_end = ExitStack()
    atexit.register(until_the_end.close)
    return until_the_end.enter_context(postgres_server(f"{_FAST} -c max_connections=400"))


def borrow() -> str:
    """Return the URL of a database that has every table and no rows."""
    return _free.pop() if _free else make_database(like=_template()[0])


def make_database(like: str = "") -> str:
    """Make a database, empty or a copy of another that nobody is connected to, and return its URL."""
    name = f"home_{next(_numbers)}"
    with _connected(server()) as session:
        session.execute(f"CREATE DATABASE {name} {like and f'TEMPLATE {_name(like)}'}")
    return make_url(server()).set(database=name).render_as_string(hide_password=False)


def give_back(url: str) -> None:
    """Delete what was written to a database, and end who is still connected; drop one that is not to be lent again."""
    with _connected(url) as session:
        session.execute(_END_OTHERS)
        kept = len(_free) < _MOST_FREE and _shape(session) == _template()[1] and _bytes(session) < _MOST_BYTES
        if kept:
            session.execute(_DELETE_ROWS)
    if kept:
        _free.append(url)
    else:
        drop(url)


def drop(url: str) -> None:
    """Drop a database, and end who is still connected."""
    with _connected(server()) as session:
        session.execute(f"DROP DATABASE {_name(url)} WITH (FORCE)")


def make_tables(url: str) -> None:
    """Make the tables of a ledger and of Optuna in an empty database."""
    assert schema.HEAD == _HEAD, "a test that makes this another release borrows its database before"
    ledger = Ledger(url)
    ledger.create_tables()
    ledger.engine.dispose()
    RDBStorage(url).engine.dispose()


@cache
def _template() -> tuple[str, str]:
    """Return the URL of the database that the others are copies of, and its shape."""
    url = make_database()
    make_tables(url)
    with _connected(url) as session:
        return url, _shape(session)


def _name(url: str) -> str:
    return make_url(url).database or ""


def _shape(session: psycopg.Connection) -> str:
    try:
        return str(session.execute(_SHAPE).fetchall())
    except psycopg.errors.UndefinedTable:  # the tables of versions are gone, or never were
        return ""


def _bytes(session: psycopg.Connection) -> int:
    found = session.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(found[0]) if found else 0


def _connected(url: str) -> psycopg.Connection:
    """Connect without SQLAlchemy, which asks a server six things first."""
    return psycopg.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    )
