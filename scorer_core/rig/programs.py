"""Programs of the rig's own: found where drivers put them, asked within a time that holds whatever they do.

A program whose driver hangs sleeps in the kernel, where no signal reaches it, and so may a child of it that holds its
output open. So its output goes to memory instead of a pipe, and who does not end in time is left alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

USUAL_PLACES = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/opt/rocm/bin", "/opt/amdgpu/bin")
MAX_OUTPUT = 2**20
_remembered: dict[tuple[str, ...], Said] | None = None


@dataclass(frozen=True)
class Said:
    """What a program printed and how it ended; `exit_code` None when it did not, and `problem` says why."""

    exit_code: int | None
    output: str = ""
    problem: str = ""


def find(name: str) -> str | None:
    """Return where a program is: on the PATH, which a login without a shell has short, or where drivers put theirs."""
    versions = sorted(str(path) for path in Path("/opt").glob("rocm-*/bin"))
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join((*USUAL_PLACES, *versions)))


def ask(name: str, *arguments: str, limit_s: float) -> Said:
    """Run one program; see `ask_all`. While answers are remembered, the same question is asked once."""
    question = (name, *arguments)
    if _remembered is None:
        return ask_all(name, [arguments], limit_s)[0]
    if question not in _remembered:
        _remembered[question] = ask_all(name, [arguments], limit_s)[0]
    return _remembered[question]


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Remember what programs say meanwhile: many GPUs, one answer. Not for threads."""
    global _remembered
    _remembered = {}
    try:
        yield
    finally:
        _remembered = None


def ask_later(path: str, arguments: Sequence[str], limit_s: float) -> Callable[[], Said]:
    """Start a program by its path, and return what waits for its end, `limit_s` seconds from now at most."""
    deadline = time.monotonic() + limit_s
    started = _start(path, arguments)
    return lambda: started if isinstance(started, Said) else _end_of(path, *started, deadline, limit_s)


def ask_all(name: str, calls: Sequence[Sequence[str]], limit_s: float) -> list[Said]:
    """Run a program several times at once, and return what each said within `limit_s` seconds, together."""
    path = find(name)
    if path is None:
        missing = f"{name} was not found on the PATH or in {', '.join(USUAL_PLACES)}"
        return [Said(None, problem=missing) for _ in calls]
    deadline = time.monotonic() + limit_s
    started = [_start(path, arguments) for arguments in calls]
    return [one if isinstance(one, Said) else _end_of(name, *one, deadline, limit_s) for one in started]


def _start(path: str, arguments: Sequence[str]) -> Said | tuple[subprocess.Popen[bytes], int]:
    memory = os.memfd_create("said")
    try:
        process = subprocess.Popen(  # noqa: S603 - the driver's program, with words of ours
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=memory,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError as error:
        os.close(memory)
        return Said(None, problem=f"{path} cannot be run: {error.strerror}")
    return process, memory


def _end_of(name: str, process: subprocess.Popen[bytes], memory: int, deadline: float, limit_s: float) -> Said:
    try:
        exit_code = process.wait(max(0.0, deadline - time.monotonic()))
        output = os.pread(memory, MAX_OUTPUT, 0).decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        abandon(process.pid)
        process.returncode = -signal.SIGKILL  # as good as: nobody waits for it, not even at the end
        return Said(None, problem=f"{name} gave no answer within {limit_s:g} s")
    finally:
        os.close(memory)
    return Said(exit_code, output)


def abandon(pid: int) -> None:
    """Kill the group that a process leads, and wait for nobody."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
