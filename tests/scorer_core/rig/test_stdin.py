"""The leash: an idle worker goes when its input ends, a computing one is killed with all that it started."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from scorer_core.rig.protocol import PING
from tests.scorer_core.rig.workers import alive, becomes, program

pytestmark = pytest.mark.slow

WORKER = """
import subprocess, sys, time
from pathlib import Path
from scorer_core.rig.stdin import Leash

leash = Leash(open(0, "rb", closefd=False), silence_s=float(sys.argv[1]))
child = subprocess.Popen(["sleep", "600"])
print(child.pid, flush=True)
for line in leash:
    word = line.decode().strip()
    if word == "compute":
        print("computing", flush=True)
        time.sleep(600)
    if word == "answer":
        with leash.answering:
            print("answering", flush=True)
            time.sleep(0.5)
            Path(sys.argv[2]).write_text("written")
    print("done", flush=True)
child.kill()
child.wait()
"""


def test_an_idle_worker_leaves_by_itself() -> None:
    with program(WORKER, "60") as worker:
        child = int(worker.read())
        worker.send(b"quick\n")
        assert worker.read() == b"done\n"

        assert worker.end_input() == 0
        assert not alive(child)
        assert worker.errors() == ""


def test_a_worker_that_was_never_asked_leaves_by_itself() -> None:
    with program(WORKER, "60") as worker:
        worker.read()
        assert worker.end_input() == 0


def test_a_computing_worker_is_killed_with_its_children() -> None:
    with program(WORKER, "60") as worker:
        child = int(worker.read())
        worker.send(b"compute\n")
        assert worker.read() == b"computing\n"

        assert worker.end_input() == -signal.SIGKILL
        assert becomes(lambda: not alive(child))


def test_requests_that_still_wait_are_not_computed_for_nobody() -> None:
    with program(WORKER, "60") as worker:
        worker.read()
        worker.send(b"compute\ncompute\nquick\n")
        assert worker.read() == b"computing\n"

        assert worker.end_input() == -signal.SIGKILL
        assert worker.read() == b""


def test_an_answer_under_way_is_written_down_before_the_end(tmp_path: Path) -> None:
    written = tmp_path / "written"
    with program(WORKER, "60", str(written)) as worker:
        worker.read()
        worker.send(b"answer\n")
        assert worker.read() == b"answering\n"

        worker.end_input()

    assert written.read_text() == "written"


def test_a_worker_is_in_a_process_group_of_its_own() -> None:
    with program("import os\n" + WORKER.replace("print(child.pid", "print(os.getpgrp()"), "60") as worker:
        assert int(worker.read()) == worker.pid


@pytest.mark.parametrize("request_line", [b"", b"compute\n"])
def test_a_lane_that_says_nothing_more_is_given_up_with_all_that_was_started(request_line: bytes) -> None:
    with program(WORKER, "1") as worker:
        child = int(worker.read())
        worker.send(request_line)

        assert worker.wait() == -signal.SIGKILL
        assert becomes(lambda: not alive(child))


def test_a_lane_that_pings_is_alive() -> None:
    with program(WORKER, "1") as worker:
        worker.read()
        for _ in range(8):
            time.sleep(0.25)
            worker.send(PING)
        worker.send(b"quick\n")

        assert worker.read() == b"done\n", "a ping is no request"
        assert worker.end_input() == 0
