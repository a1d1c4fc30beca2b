"""The lock of a GPU, between real processes."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scorer_core.errors import RigBusy
from scorer_core.rig.lock import hold, start_time, touch
from tests.scorer_core.rig.workers import Process, alive, program

HOLDER = """
import sys, time
from pathlib import Path
from scorer_core.rig.lock import hold

with hold(Path(sys.argv[1]), node="rig-a", identity=sys.argv[2], stale_s=60.0):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
time.sleep(600)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Where the lock is, in a folder that is not there yet."""
    return tmp_path / "locks" / "gpu3.lock"


@contextmanager
def holder(lock: Path, identity: str) -> Iterator[Process]:
    """Hold the lock in another process."""
    with program(HOLDER, str(lock), identity) as process:
        assert process.read() == b"held\n"
        yield process


def test_the_lock_says_who_holds_it_and_is_private(lock: Path) -> None:
    with hold(lock, node="rig-a", stale_s=60.0, identity="run/gpu3"):
        assert lock.read_text() == f"{os.getpid()} {start_time(os.getpid())} run/gpu3\n"

    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    assert stat.S_IMODE(lock.parent.stat().st_mode) == 0o700


def test_a_gpu_held_by_another_identity_is_busy_and_its_holder_is_left_alone(lock: Path) -> None:
    with holder(lock, "first/gpu3") as other:
        with pytest.raises(RigBusy, match=rf"rig-a: gpu3.lock is held by another run's worker \({other.pid} \d+ first"):
            with hold(lock, node="rig-a", stale_s=60.0, identity="second/gpu3", patience_s=0.2):
                pass

        assert alive(other.pid)


def test_what_an_earlier_attempt_left_running_is_ended(lock: Path) -> None:
    with holder(lock, "run/gpu3") as earlier:
        with hold(lock, node="rig-a", stale_s=60.0, identity="run/gpu3", patience_s=0.0):
            assert earlier.wait() == -signal.SIGKILL
            assert lock.read_text().startswith(f"{os.getpid()} ")


def test_a_lock_is_waited_for(lock: Path) -> None:
    with holder(lock, "first/gpu3") as other:
        other.send(b"release\n")
        with hold(lock, node="rig-a", stale_s=60.0, identity="second/gpu3", patience_s=20.0):
            assert other.read() == b"released\n"
            assert alive(other.pid)


def test_a_lock_is_free_when_its_holder_dies(lock: Path) -> None:
    with holder(lock, "first/gpu3") as other:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()

        with hold(lock, node="rig-a", stale_s=60.0, identity="second/gpu3", patience_s=0.0):
            assert lock.read_text().split()[2] == "second/gpu3"


@pytest.mark.parametrize("written", ["{pid} 1 run/gpu3", "{pid} {start} run/gpu30", "{pid}", "x y run/gpu3", ""])
def test_a_process_that_is_not_surely_the_holder_is_never_hit(lock: Path, written: str) -> None:
    with subprocess.Popen(["sleep", "600"]) as innocent, holder(lock, "other/gpu3") as other:
        lock.write_text(written.format(pid=innocent.pid, start=start_time(innocent.pid)))
        try:
            with pytest.raises(RigBusy), hold(lock, node="rig-a", stale_s=60.0, identity="run/gpu3", patience_s=0.2):
                pass
            assert alive(innocent.pid)
            assert alive(other.pid)
        finally:
            innocent.kill()


def test_a_worker_of_another_run_that_gives_no_sign_of_life_is_ended(lock: Path) -> None:
    with holder(lock, "first/gpu3") as stuck:
        os.utime(lock, (0, time.time() - 61))
        with hold(lock, node="rig-a", stale_s=60.0, identity="second/gpu3", patience_s=0.0):
            assert stuck.wait() == -signal.SIGKILL


def test_a_worker_of_another_run_that_gives_signs_of_life_is_left_alone(lock: Path) -> None:
    with holder(lock, "first/gpu3") as other:
        os.utime(lock, (0, time.time() - 61))
        touch(lock)
        with pytest.raises(RigBusy), hold(lock, node="rig-a", stale_s=60.0, identity="x/gpu3", patience_s=0.2):
            pass
        assert alive(other.pid)


def test_a_longer_line_of_an_earlier_holder_leaves_nothing_behind(lock: Path) -> None:
    for identity in ("a-very-long-name-of-an-earlier-run/gpu3", "run/gpu3"):
        with hold(lock, node="rig-a", stale_s=60.0, identity=identity):
            assert lock.read_text().split()[2:] == [identity]


def test_the_start_time_tells_a_process_from_a_later_one_with_its_id() -> None:
    assert int(start_time(os.getpid())) > 0
    assert start_time(2**22 + 1) == "", "no process has an id this large"
