"""Writers of a SQLite file wait in line, and leave it when their transaction ends, however it ends."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from scorer_core.ledger import database
from scorer_core.ledger.database import open_engine, writing
from tests.support.waiting import eventually

_IS_FREE = """
import fcntl, sys
try:
    fcntl.lockf(open(sys.argv[1], "a"), fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("taken")
else:
    print("free")
"""


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_engine(f"sqlite:///{tmp_path}/scorer.db")


def line(engine: Engine) -> str:
    """Ask from another process whether the line is free."""
    asked = subprocess.run(
        [sys.executable, "-c", _IS_FREE, f"{engine.url.database}-queue"], check=True, capture_output=True, text=True
    )
    return asked.stdout.strip()


def test_a_writer_stands_in_line_until_its_transaction_is_over(engine: Engine) -> None:
    with writing(engine).begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
        assert line(engine) == "taken"

    assert line(engine) == "free"


def test_who_opens_a_new_database_beside_another_waits_for_it(tmp_path: Path) -> None:
    file = tmp_path / "scorer.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as first, ThreadPoolExecutor(1) as other:
        first.execute("BEGIN IMMEDIATE")
        first.execute("CREATE TABLE t (n INTEGER)")
        beside = other.submit(lambda: open_engine(f"sqlite:///{file}").connect().close())
        time.sleep(0.3)
        assert not beside.done(), "it writes ahead already, or has failed"
        first.execute("COMMIT")
        beside.result(10)


def test_a_failed_transaction_leaves_the_line(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), writing(engine).begin():
        raise ZeroDivisionError

    assert line(engine) == "free"


def test_a_reader_does_not_stand_in_line(engine: Engine) -> None:
    with writing(engine).begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))

    with engine.begin() as connection:
        connection.execute(text("SELECT n FROM t"))
        assert line(engine) == "free"


def test_a_forked_child_does_not_hold_its_parents_place(engine: Engine) -> None:
    done, end = os.pipe()
    with writing(engine).begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
        child = os.fork()
        if child == 0:
            os.read(done, 1)  # lives on until the test has looked
            os._exit(0)

    try:
        assert line(engine) == "free"
    finally:
        os.write(end, b".")
        os.waitpid(child, 0)
        os.close(done)
        os.close(end)


HOLD = "import fcntl, sys; file = open(sys.argv[1], 'a'); fcntl.lockf(file, fcntl.LOCK_EX)"
HOLD += "; print('held', flush=True); input()"


def test_past_a_writer_that_is_stopped_the_others_go(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LINE_TIMEOUT_S", 0.3)
    with writing(engine).begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
    command = [sys.executable, "-c", HOLD, f"{engine.url.database}-queue"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stopped:
        assert stopped.stdout is not None
        assert stopped.stdout.readline() == b"held\n"
        stopped.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        try:
            for _ in range(20):
                with writing(engine).begin() as connection:
                    connection.execute(text("INSERT INTO t VALUES (1)"))
        finally:
            spent = time.monotonic() - began
            stopped.send_signal(signal.SIGCONT)
            stopped.communicate(b"\n")
    assert 0.3 <= spent < 3.0, "one wait, not twenty"
    assert eventually(lambda: line(engine) == "free"), "who gave up waiting does not hold the line"
    with writing(engine).begin():
        assert line(engine) == "taken"


def test_only_a_private_file_is_left_beside_the_database(engine: Engine) -> None:
    with writing(engine).begin():
        pass

    assert Path(f"{engine.url.database}-queue").stat().st_mode & 0o777 == 0o600
