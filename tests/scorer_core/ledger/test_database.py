"""Writers of a SQLite file wait in line, and leave it when their transaction ends, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from scorer_core.ledger.database import open_engine, writing

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


def test_only_a_private_file_is_left_beside_the_database(engine: Engine) -> None:
    with writing(engine).begin():
        pass

    assert Path(f"{engine.url.database}-queue").stat().st_mode & 0o777 == 0o600
