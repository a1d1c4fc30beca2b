"""Lanes as they are in production: processes, forked from one that has imported everything."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable

Ready = Callable[[], object]
"""Waits until every process has come as far."""

_CONTEXT = multiprocessing.get_context("fork")  # 26 processes that import everything anew would take a minute


class Forks:
    """Forked processes, each doing `work(number, ready)`, which returns a number."""

    def __init__(self, count: int, work: Callable[[int, Ready], float]) -> None:
        self._barrier = _CONTEXT.Barrier(count + 1)
        self._sum = _CONTEXT.Value("d", 0.0)
        self._work = work
        self._processes = [_CONTEXT.Process(target=self._run, args=(number,)) for number in range(count)]
        for process in self._processes:
            process.start()

    def wait_ready(self) -> float:
        """Wait until every process has called `ready`; return the time."""
        self._barrier.wait()
        return time.monotonic()

    def join(self) -> float:
        """Wait for the end of the last process; return the sum of what they returned.

        Raises:
            RuntimeError: a process failed.
        """
        for process in self._processes:
            process.join()
        failed = sum(process.exitcode != 0 for process in self._processes)
        if failed:
            raise RuntimeError(f"{failed} of {len(self._processes)} processes failed; what they wrote is above.")
        return float(self._sum.value)

    def _run(self, number: int) -> None:
        done = self._work(number, self._barrier.wait)
        with self._sum.get_lock():
            self._sum.value += done
