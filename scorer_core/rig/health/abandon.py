"""Jobs that may hang where no signal reaches them: each in a child of its own, left alone when its time is over.

A child, not a thread: a process ends only when all its threads do, and one that sleeps in the kernel does not. For a
process without threads, since it forks.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NoReturn, TypeVar

from scorer_core.rig.programs import abandon

Key = TypeVar("Key", bound=Hashable)
Job = Callable[[], Any]
_CHUNK = 65536


class Unanswered(Exception):
    """A job that gave no answer: the message says why."""


def answers(jobs: Mapping[Key, tuple[Job, float]]) -> dict[Key, Any]:
    """Run all jobs at once, each for so many seconds at most; return what each returned, as JSON carries it.

    In the place of what a job that hung or broke would have returned is an `Unanswered`.
    """
    found: dict[Key, Any] = {}
    with selectors.DefaultSelector() as selector:
        for key, (job, limit_s) in jobs.items():
            pid, stream = _start(job)
            until = time.monotonic() + limit_s
            selector.register(stream, selectors.EVENT_READ, (key, pid, bytearray(), until, limit_s))
        while selector.get_map():
            _take(selector, found)
    return {key: found[key] for key in jobs}


def _take(selector: selectors.BaseSelector, found: dict[Any, Any]) -> None:
    """Wait for the next child that says something, or whose time is over."""
    first = min(entry.data[3] for entry in selector.get_map().values())
    for ready, _ in selector.select(max(0.0, first - time.monotonic())):
        key, pid, said, _, _ = ready.data
        chunk = os.read(ready.fd, _CHUNK)
        said += chunk
        if not chunk:
            _close(selector, ready.fd, pid)
            found[key] = _read(said)
    now = time.monotonic()
    for entry in [entry for entry in selector.get_map().values() if entry.data[3] <= now]:
        key, pid, _, _, limit_s = entry.data
        abandon(pid)
        _close(selector, entry.fd, pid)
        found[key] = Unanswered(f"no answer within {limit_s:g} s")


def _close(selector: selectors.BaseSelector, stream: int, pid: int) -> None:
    selector.unregister(stream)
    os.close(stream)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # whoever is left is the system's, when this process ends


def _read(said: bytearray) -> Any:
    try:
        answer = json.loads(said)
    except ValueError:
        return Unanswered("the check ended without an answer")
    return answer["value"] if "value" in answer else Unanswered(str(answer["fault"]))


def _start(job: Job) -> tuple[int, int]:
    """Start a job in a child; return its process id and where its answer comes from."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _work(job, writing)
    os.close(writing)
    return pid, reading


def _work(job: Job, writing: int) -> NoReturn:
    """Answer and end; nothing of what the parent holds may stay open in a child that hangs."""
    try:
        os.setsid()
        answer = os.dup2(writing, 3) if writing != 3 else 3
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.closerange(4, 1024)
        try:
            said = {"value": job()}
        except Exception as error:  # whatever a rig has in store: this check alone is unreadable
            said = {"fault": f"{type(error).__name__}: {error}"}
        content = json.dumps(said).encode()
        while content:
            content = content[os.write(answer, content) :]
    finally:
        os._exit(0)
