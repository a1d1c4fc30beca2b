"""The database under the ledger: SQLite by default, PostgreSQL beyond one machine."""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from weakref import WeakSet, finalize

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, func, make_url, select
from sqlalchemy.pool import Pool
from sqlalchemy.types import DateTime, TypeDecorator
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from scorer_core.atomic import make_private_folder

log = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 60
LINE_TIMEOUT_S, PASSED_S = 30.0, 60.0
_WRITE = "scorer_write"
_ONE_AT_A_TIME = 0x5C0_0002  # any number: the advisory lock of PostgreSQL that numbers are taken under
engines: WeakSet[Engine] = WeakSet()
"""What this process has opened, and not forgotten."""
_parents: list[Pool] = []


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC; SQLite, which knows no zones, stores it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; a naive moment is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("moments in the ledger are aware datetimes")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware moment."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class _Queue:
    """Where the processes that want to write to a SQLite file wait for their turn: a lock on a file beside it.

    SQLite alone has them sleep and look again, up to 100 ms later: of 208 lanes the unlucky waited seconds.
    The kernel wakes who waits. Only the order depends on it: BEGIN IMMEDIATE still keeps writers apart.
    A dead process leaves the line, and a forked child does not stand in it; past one that is stopped, and holds it
    up, the others go after LINE_TIMEOUT_S, and for PASSED_S do not wait again.
    """

    def __init__(self, database: str | None) -> None:
        self._path = f"{database}-queue" if database and database != ":memory:" else None
        self._file: int | None = None
        self._close_file: Callable[[], object] | None = None
        self._passed_until = 0.0

    def begin(self, connection: Connection) -> None:
        """Begin a transaction, at the head of the line when it writes."""
        write = _writes(connection)
        if write and self._path is not None:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
                self._close_file = finalize(self, os.close, self._file)
            self._stand_in_line(self._file)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    def _stand_in_line(self, file: int) -> None:
        """Wait for the lock, by a thread, since the kernel has no time-out for it; the lock is the process's."""
        with suppress(BlockingIOError, PermissionError):
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() < self._passed_until:
            return
        given_up = threading.Event()
        waiter = threading.Thread(target=_wait_in_line, args=(file, given_up), name="ledger-line", daemon=True)
        try:
            waiter.start()
            waiter.join(LINE_TIMEOUT_S)
        finally:
            given_up.set()
        if waiter.is_alive():
            self._passed_until = time.monotonic() + PASSED_S
            log.warning("who writes to the ledger has held the others up for %g s; going past it", LINE_TIMEOUT_S)

    def close(self, _engine: Engine) -> None:
        """Close the file, with the engine's connections."""
        if self._close_file is not None:
            self._close_file()
        self._file = self._close_file = None

    def leave(self, _connection: Any, _record: Any) -> None:
        """Let the next one begin: the transaction is over."""
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN)


def _wait_in_line(file: int, given_up: threading.Event) -> None:
    with suppress(OSError):
        fcntl.lockf(file, fcntl.LOCK_EX)
        if given_up.is_set():
            fcntl.lockf(file, fcntl.LOCK_UN)


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(_WRITE, False))


def open_engine(url: str) -> Engine:
    """Open the database of an URL; a SQLite file's folder is made.

    A connection is kept between transactions (a new one costs a server a process, and SQLite, when the last
    one is closed, a checkpoint) and never shared with a forked child. On SQLite, writers start with BEGIN
    IMMEDIATE, so that the second waits instead of failing when it would upgrade its read lock, they wait in
    line, and readers never block (WAL).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, pool_size=1, pool_pre_ping=True)
    else:
        _make_folder(parsed.database)
        engine = create_engine(parsed, pool_size=1, connect_args={"timeout": BUSY_TIMEOUT_S})
        event.listen(engine, "connect", _configure_sqlite)
        queue = _Queue(parsed.database)
        event.listen(engine, "begin", queue.begin)
        event.listen(engine, "checkin", queue.leave)
        event.listen(engine, "engine_disposed", queue.close)
    engines.add(engine)
    return engine


def writing(engine: Engine) -> Engine:
    """Return the engine whose transactions take the write lock at their start."""
    return engine.execution_options(**{_WRITE: True})


def alone(connection: Connection) -> None:
    """Let no other transaction that asks for the same overlap with this one: what it numbers has no gap and no twin.

    On SQLite a writer's transaction has the write lock from its start.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))


def close_connections() -> None:
    """Close this process's connections that no transaction uses; what needs one again opens it anew.

    A server takes a connection for lost whose process ends without that.
    """
    for engine in list(engines):
        engine.dispose()


def _forget_parents_connections() -> None:
    for engine in engines:
        _parents.append(engine.pool)  # never to be closed here: SQLite forbids even that
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_parents_connections)
atexit.register(close_connections)


def _make_folder(database: str | None) -> None:
    if database and database != ":memory:":
        make_private_folder(Path(database).parent)


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


@retry(
    retry=retry_if_exception(_is_busy), wait=wait_random(0, 0.1), stop=stop_after_delay(BUSY_TIMEOUT_S), reraise=True
)
def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Have a database write ahead, as it does from then on: of several that open it first, all but one are busy.

    SQLite does not wait here, whatever its time-out: this changes a lock to read into one to write.
    """
    cursor.execute("PRAGMA journal_mode=WAL")
