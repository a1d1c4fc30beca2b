"""A process of its own, run to its end, and what it used."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Used:
    """Seconds by the clock, CPU seconds, and memory at most."""

    seconds: float
    cpu_s: float
    most_mb: float


def run_measured(
    command: Sequence[str], *, well: Container[int] = (0,), environment: Mapping[str, str] | None = None
) -> Used:
    """Run a command, quietly.

    Raises:
        RuntimeError: it ended with an exit code that is not among those that are `well`.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        command, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # else it would be waited for again
    if process.returncode not in well:
        raise RuntimeError(f"{command} ended with exit code {process.returncode}")
    return Used(time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def now() -> tuple[float, float]:
    """Return the clock, and the CPU seconds of this process and of its children that have ended."""
    return time.monotonic(), sum(os.times()[:4])


def used(work: Callable[[], object]) -> tuple[float, float]:
    """Return what work takes: seconds by the clock, and of CPU."""
    began = now()
    work()
    ended = now()
    return ended[0] - began[0], ended[1] - began[1]
