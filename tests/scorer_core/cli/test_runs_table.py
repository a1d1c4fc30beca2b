"""`scorer runs` is read on any terminal: a run takes a line where it fits, and two at 80 columns."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import termios

import pytest

from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.verdicts import settle
from tests.scorer_core.cli.installation import Installation, cells
from tests.support.own_database import database_of
from tests.support.tickets import open_run, spec

pytestmark = pytest.mark.slow

AIRFLOWS_NAME = "manual__2026-11-28T14:53:24.123456+00:00"


def shown_at(installation: Installation, width: int) -> list[str]:
    """Return what `scorer runs` prints on a terminal so many columns wide, line by line."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, width))
    environ = installation.environ() | {"NO_COLOR": "1", "TERM": "xterm"}
    environ.pop("COLUMNS", None)  # what the tests' own terminal may have
    done = subprocess.run(installation.command("runs"), env=environ, stdout=theirs, timeout=60)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # the end, at a terminal
        while chunk := os.read(ours, 65536):
            said += chunk
    os.close(ours)
    assert done.returncode == 0
    return re.sub(r"\x1b\[[\d;]*m", "", said.decode()).splitlines()


@pytest.mark.parametrize(("width", "lines"), [(80, 4), (160, 5)])
def test_a_narrow_terminal_shows_a_run_in_two_lines_and_a_wide_one_in_one(
    installation: Installation, width: int, lines: int
) -> None:
    """The longest name that Airflow gives, the longest verdict, the usual pool; the wide table has a frame."""
    installation.home.mkdir()
    ledger = Ledger(database_of(installation.home))
    ledger.create_tables()
    open_run(ledger, spec(100_000), AIRFLOWS_NAME)
    settle(ledger.engine, AIRFLOWS_NAME, "KEEP_CHAMPION", {})

    shown = shown_at(installation, width)

    assert len(shown) == lines
    told = " ".join(" ".join(shown).split())
    for part in (AIRFLOWS_NAME, "bidirectional_survivors_binary.npz", "random", "0/100000", "KEEP_CHAMPION"):
        assert part in told
    assert max(map(len, shown)) <= width


def test_a_run_that_is_not_over_is_open(installation: Installation) -> None:
    installation.home.mkdir()
    ledger = Ledger(database_of(installation.home))
    ledger.create_tables()
    open_run(ledger, spec(3), "night")

    assert "open" in cells(installation.scorer("runs").stdout.splitlines()[3])
    ledger.end_run("night")
    assert "open" not in cells(installation.scorer("runs").stdout.splitlines()[3])
