"""The lock of one GPU: one worker at a time, and a dead lane's worker is ended."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scorer_core.errors import RigBusy

_POLL_S = 0.1


@contextmanager
def hold(path: Path, *, node: str, identity: str, stale_s: float, patience_s: float = 5.0) -> Iterator[None]:
    """Hold the lock of a GPU; a holder of the same `identity` (an earlier attempt of ours) is ended.

    So is a worker of another run that gave no sign of life for `stale_s` seconds (see `touch`): it is
    stopped or stuck. The file says who holds it: process id, the process's start time, and the
    identity. A holder is ended only when process id and start time are as written, so that a reused
    process id is never hit.

    Raises:
        RigBusy: another live process holds the GPU for longer than `patience_s` seconds.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as stream:
        deadline = time.monotonic() + patience_s
        while not _try(descriptor):
            stream.seek(0)
            holder = stream.read()
            if _is_worker(holder) and (holder.split()[2] == identity or _age_s(path) > stale_s):
                _end(int(holder.split()[0]))
            elif time.monotonic() >= deadline:
                raise RigBusy(node, f"{path.name} is held by another run's worker ({holder.strip() or 'unknown'}).")
            time.sleep(_POLL_S)
        stream.seek(0)
        stream.truncate()
        stream.write(f"{os.getpid()} {start_time(os.getpid())} {identity}\n")
        stream.flush()
        yield


def touch(path: Path) -> None:
    """Give a sign of life: the lock's holder is at work."""
    os.utime(path)


def start_time(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; empty when it is gone (proc(5), field 22)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_worker(holder: str) -> bool:
    parts = holder.split()
    return len(parts) == 3 and parts[0].isdigit() and start_time(int(parts[0])) == parts[1] != ""


def _age_s(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
