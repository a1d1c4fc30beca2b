"""Which processes are still about, and whether they heed Ctrl-C."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil

from sim.rigs.processes import is_alive


def runs(pid: int) -> bool:
    """Tell whether a process is there; a zombie is, until its last thread has let go of its files."""
    try:
        return is_alive(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def with_files_below(home: Path) -> list[psutil.Process]:
    """Return the processes that have a file below a folder open, as each process of Airflow has its log."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(Path(file.path).is_relative_to(home) for file in process.open_files()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def heed_interrupts() -> None:
    """Undo what a shell does to a job in the background: it ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
