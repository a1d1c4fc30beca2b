"""`scorer watch` follows a run to its end, says there what `scorer show` says, and is interrupted whole."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import threading

import pytest

from scorer_core.ledger.ledger import Ledger
from tests.scorer_core.cli.installation import Installation, the_only_line
from tests.support.own_database import database_of
from tests.support.processes import heed_interrupts
from tests.support.tickets import RUN, A, claimed, open_run, recorded, result, spec
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def ledger(installation: Installation) -> Ledger:
    """The installation's ledger, with a run of three trials that nobody began."""
    installation.home.mkdir()
    ledger = Ledger(database_of(installation.home))
    ledger.create_tables()
    open_run(ledger, spec(3))
    return ledger


class Watching:
    """`scorer watch` in a process of its own; what it prints is read while it does."""

    def __init__(self, installation: Installation, *options: str, on_a_terminal: bool = False) -> None:
        self._ours, theirs = pty.openpty() if on_a_terminal else os.pipe()
        environ = installation.environ() | {"PYTHONUNBUFFERED": "1", "TERM": "xterm"}
        command = installation.command("watch", RUN, *options)
        self.process = subprocess.Popen(
            command, env=environ, stdout=theirs, stderr=subprocess.PIPE, preexec_fn=heed_interrupts
        )
        os.close(theirs)
        self.said = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ended(self) -> tuple[int, str, str]:
        """Return exit code, output and complaints, when it has ended."""
        complained = self.process.communicate(timeout=60)[1]
        self._reader.join(30)
        os.close(self._ours)
        return self.process.returncode, self.said, complained.decode()

    def _read(self) -> None:
        while chunk := _chunk(self._ours):
            self.said += chunk


def _chunk(descriptor: int) -> str:
    try:
        return os.read(descriptor, 4096).decode()
    except OSError:  # the last one at a terminal hung up
        return ""


def test_in_a_pipe_each_change_is_a_line_and_the_end_is_what_show_says(
    installation: Installation, ledger: Ledger
) -> None:
    watching = Watching(installation)
    assert eventually(lambda: "No lane is at work yet." in watching.said, 30)
    for _ in range(3):
        recorded(ledger, result(claimed(ledger, A).number))
    assert eventually(lambda: "Searched. Not decided yet." in watching.said, 30)
    ledger.end_run(RUN)

    code, said, complained = watching.ended()

    assert (code, complained) == (0, "")
    lines = said.splitlines()
    assert [bool(re.match(r"\d\d:\d\d:\d\dZ  ", line)) for line in lines[:2]] == [True, True]
    assert "best 0.2500" in said
    assert said.endswith(installation.scorer("show", RUN).stdout)
    assert "\x1b" not in said


def test_a_run_that_is_over_is_shown_at_once(installation: Installation, ledger: Ledger) -> None:
    ledger.end_run(RUN)

    shown = installation.scorer("watch", RUN)

    assert shown.exit_code == 0
    assert shown.stdout.endswith(installation.scorer("show", RUN).stdout)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_it_and_gives_the_terminal_back(
    installation: Installation, ledger: Ledger, number: int, code: int
) -> None:
    watching = Watching(installation, on_a_terminal=True)
    assert eventually(lambda: "0/3" in watching.said, 30)

    watching.process.send_signal(number)

    found, said, complained = watching.ended()
    assert (found, complained) == (code, "")
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l"), "the cursor is back"
    assert ledger.run(RUN).ended_at is None, "the run goes on"


def test_it_waits_for_a_run_that_is_only_triggered_yet(installation: Installation) -> None:
    watching = Watching(installation, "--wait", "60")
    ledger = Ledger(database_of(installation.home))
    installation.home.mkdir(exist_ok=True)
    ledger.create_tables()
    assert eventually(lambda: "Waiting for the scheduler." in watching.said, 30)
    open_run(ledger, spec(3))
    ledger.end_run(RUN)

    assert watching.ended()[0] == 0


def test_a_run_that_the_ledger_does_not_know_is_one_line(installation: Installation, ledger: Ledger) -> None:
    failed = installation.scorer("watch", "day")

    assert (failed.exit_code, failed.stdout) == (2, "")
    assert "the ledger knows no run 'day'; `scorer runs` lists" in the_only_line(failed.stderr)


@pytest.mark.usefixtures("no_tables")
def test_without_a_ledger_there_is_nothing_to_watch(installation: Installation) -> None:
    failed = installation.scorer("watch", RUN)

    assert failed.exit_code == 2
    assert "there is no ledger yet" in the_only_line(failed.stderr)
