"""Killing whole process trees, as a power cut does."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import psutil


def living_below(process: psutil.Process) -> list[psutil.Process]:
    """List the descendants of a process that still run; zombies are dead and do not count."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [child for child in process.children(recursive=True) if is_alive(child)]
    return []


def living_at(home: Path) -> list[psutil.Process]:
    """List the running processes whose HOME is this directory, whoever their parent is now."""
    wanted = str(home)
    found = []
    for process in psutil.process_iter(["environ"]):
        environment = process.info["environ"] or {}
        if environment.get("HOME") == wanted and is_alive(process):
            found.append(process)
    return found


def kill_below(process: psutil.Process) -> None:
    """Kill all descendants of a process, also those that are born meanwhile.

    Raises:
        TimeoutError: some survive SIGKILL.
    """
    kill_until_none(lambda: living_below(process))


def kill_until_none(find: Callable[[], list[psutil.Process]], timeout_s: float = 5.0) -> None:
    """Send SIGKILL to what `find` finds, until it finds nothing.

    Raises:
        TimeoutError: it still finds something after `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while living := find():
        if time.monotonic() > deadline:
            names = ", ".join(str(process.pid) for process in living)
            raise TimeoutError(f"processes {names} survive SIGKILL. Look at them with ps.")
        for process in living:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.005)


def cut_power(process: psutil.Process) -> None:
    """Kill a process and everything below it so that none of them can react to another's end.

    Raises:
        TimeoutError: some descendant survives SIGKILL.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        process.suspend()  # what its children leave behind reaches nobody, and no child is started
        kill_below(process)
        process.kill()


def is_alive(process: psutil.Process) -> bool:
    """Tell whether this very process still holds anything: files, locks, ports.

    A zombie holds nothing, except while threads of its own are still on their way out.
    """
    try:
        if not process.is_running():
            return False
        dead = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        return not dead or process.num_threads() > 1
    except psutil.NoSuchProcess:
        return False
