"""A publisher killed at any of its system calls leaves the old file or the new one, whole, and work for the next."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scorer_core.publish.publisher import Publisher

REPOSITORY = Path(__file__).parents[3]
OLDEST, OLD, NEW = b"oldest" * 3000, b"old" * 5000, b"new" * 7000
LIMIT = 60
COMPLETED = "completed"

# The child goes through every cut in turn: a fork that is killed before its k-th system call, k from 1. Writes are
# cut in half, so that a torn file would be seen.
VICTIM = """
import io, os, shutil, sys
from pathlib import Path
from scorer_core.publish.publisher import Publisher

action, original, cuts = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])

def killing(function, countdown):
    def call(*arguments, **named):
        countdown[0] -= 1
        if countdown[0] == 0:
            os._exit(9)
        return function(*arguments, **named)
    return call

class HalfWriting(io.FileIO):
    countdown = None
    def write(self, data):
        data = bytes(data)
        written = super().write(data[: (len(data) + 1) // 2])
        self.countdown[0] -= 1
        if self.countdown[0] == 0:
            os._exit(9)
        return written

def arm(at):
    countdown = [at]
    for name in ("open", "fsync", "replace", "unlink", "mkdir"):
        setattr(os, name, killing(getattr(os, name), countdown))
    HalfWriting.countdown = countdown
    real = os.fdopen
    os.fdopen = lambda fd, mode="r": io.BufferedWriter(HalfWriting(fd, mode)) if mode == "wb" else real(fd, mode)

for at in range(1, int(sys.argv[4])):
    shutil.copytree(original, cuts / str(at))
    child = os.fork()
    if child == 0:
        publisher = Publisher(cuts / str(at))
        arm(at)
        publisher.publish(Path(sys.argv[5]).read_bytes()) if action == "publish" else publisher.rollback()
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(at, "completed" if code == 0 else "killed" if code == 9 else "failed", flush=True)
    if code != 9:
        break
"""


def cut_at_every_call(action: str, tmp_path: Path) -> list[Publisher]:
    """Return what a killed publisher left, for every place to kill it at; the last one was not killed."""
    start = Publisher(tmp_path / "published")
    start.publish(OLDEST)
    start.publish(OLD)
    (tmp_path / "new").write_bytes(NEW)
    arguments = [action, start.folder, tmp_path / "cuts", LIMIT, tmp_path / "new"]
    command = [sys.executable, "-c", VICTIM, *map(str, arguments)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    *killed, last = [line.split() for line in done.stdout.splitlines()]
    assert [word for _, word in killed] == ["killed"] * len(killed), done.stderr
    assert last[1] == COMPLETED, done.stderr
    assert len(killed) >= 8
    return [Publisher(tmp_path / "cuts" / number) for number, _ in (*killed, last)]


@pytest.mark.parametrize(("action", "wanted"), [("publish", NEW), ("rollback", OLDEST)])
def test_wherever_it_is_killed_the_published_file_is_whole(action: str, wanted: bytes, tmp_path: Path) -> None:
    left = [publisher.config.read_bytes() for publisher in cut_at_every_call(action, tmp_path)]

    replaced_at = left.index(wanted)
    assert left == [OLD] * replaced_at + [wanted] * (len(left) - replaced_at)
    assert 0 < replaced_at < len(left) - 1


def test_every_archived_file_is_whole_too(tmp_path: Path) -> None:
    left = cut_at_every_call("publish", tmp_path) + cut_at_every_call("rollback", tmp_path / "second")

    contents = {path.read_bytes() for publisher in left for path in publisher.archive.glob("[0-9]*")}
    assert contents == {OLDEST, OLD}


def test_no_config_is_ever_in_no_file_at_all(tmp_path: Path) -> None:
    for publisher in cut_at_every_call("rollback", tmp_path):
        files = [publisher.config, *publisher.archive.glob("[0-9]*")]

        assert {path.read_bytes() for path in files} == {OLDEST, OLD}


def test_the_next_publish_goes_on_where_the_killed_one_stopped(tmp_path: Path) -> None:
    for publisher in cut_at_every_call("publish", tmp_path):
        assert publisher.publish(NEW) == publisher.archive / "000002.json"

        assert publisher.config.read_bytes() == NEW
        assert [path.read_bytes() for path in sorted(publisher.archive.glob("*.json"))] == [OLDEST, OLD]


def test_a_rollback_after_a_killed_publish_never_goes_back_to_the_same_config(tmp_path: Path) -> None:
    for publisher in cut_at_every_call("publish", tmp_path):
        before = publisher.config.read_bytes()

        publisher.rollback()

        assert publisher.config.read_bytes() == {OLD: OLDEST, NEW: OLD}[before]


def test_a_rollback_that_was_killed_can_be_done_again(tmp_path: Path) -> None:
    for publisher in cut_at_every_call("rollback", tmp_path):
        if publisher.config.read_bytes() == OLD:
            publisher.rollback()

        assert publisher.config.read_bytes() == OLDEST
        shutil.rmtree(publisher.folder)
