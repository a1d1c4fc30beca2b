"""The checks of the rig itself: a function each."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path

from scorer_core.rig.health.check import Reading, State
from scorer_core.rig.health.of_gpus import is_ours
from scorer_core.rig.health.place import PROC, Place, read_text
from scorer_core.rig.versions import MIN_NUMPY, MIN_PYTHON

LEAST_MEMORY_MB = 512.0
LEAST_SHARE = 0.01
"""Share of a disk's bytes, and of its files, below which there is too little."""
MOST_SKEW_S = 60.0
STUCK_S = 60.0


def memory(place: Place, _gpu: int) -> Reading:
    """Ask whether there is memory left to work in."""
    lines = (read_text(PROC / "meminfo") or "").splitlines()
    free = [float(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable:")]
    if not free:
        return Reading(State.UNREADABLE, "the kernel does not tell how much memory is available")
    short = f"{free[0]:.0f} MiB of memory are available, {LEAST_MEMORY_MB:.0f} are needed"
    return Reading.judged(short if free[0] < LEAST_MEMORY_MB else None, available_mb=free[0])


def disk(place: Place, _gpu: int) -> Reading:
    """Ask whether the disk under our folder has space."""
    held = os.statvfs(_there(place.root))
    share = held.f_bavail / max(1, held.f_bavail + held.f_blocks - held.f_bfree)
    full = f"the disk of {place.root} is {1 - share:.1%} full"
    return Reading.judged(full if share <= LEAST_SHARE else None, used_percent=100 * (1 - share))


def inodes(place: Place, _gpu: int) -> Reading:
    """Ask whether the file system under our folder can hold more files; some have no limit, and say 0 of 0."""
    held = os.statvfs(_there(place.root))
    if held.f_files == 0:
        return Reading()
    share = held.f_favail / held.f_files
    full = f"the file system of {place.root} has {held.f_favail} of {held.f_files} inodes left"
    return Reading.judged(full if share <= LEAST_SHARE else None, used_percent=100 * (1 - share))


def clock(place: Place, _gpu: int) -> Reading:
    """Ask whether the rig's clock is the head's; the way here counts as skew."""
    if place.head_time is None:
        return Reading(State.UNREADABLE, "the head did not say what time it is")
    skew = time.time() - place.head_time
    off = f"its clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the head's"
    return Reading.judged(off if abs(skew) > MOST_SKEW_S else None, skew_s=skew)


def stuck(place: Place, _gpu: int) -> Reading:
    """Ask whether processes sleep in the kernel, where no signal reaches them, for longer than a disk takes."""
    now = float((read_text(PROC / "uptime") or "0").split()[0])
    found = [
        f"{name} ({pid})"
        for pid, name, state, started in _processes()
        if state == "D" and now - started > STUCK_S and _still_sleeps(pid)
    ]
    fault = f"processes sleep in the kernel: {', '.join(sorted(found)[:5])}" if found else None
    return Reading.judged(fault, processes=float(len(found)))


def left_over(place: Place, _gpu: int) -> Reading:
    """Ask whether a worker of ours lives that gives no sign of life: it was stopped, or sleeps in the kernel."""
    found = []
    for lock in sorted((place.root / "locks").glob("gpu*.lock")):
        words = (read_text(lock) or "").split()
        if len(words) == 3 and words[0].isdigit() and is_ours(int(words[0]), place):
            silent = time.time() - lock.stat().st_mtime
            if silent > place.stale_s:
                found.append(f"{words[0]} of {words[2]}, silent for {silent:.0f} s")
    return Reading.judged(f"workers of ours are left over: {'; '.join(found[:5])}" if found else None)


def python(place: Place, _gpu: int) -> Reading:
    """Ask whether Python and numpy are new enough."""
    import importlib.metadata  # brings the package email along, and a look in mid-run does not ask for this

    if sys.version_info[:2] < MIN_PYTHON:
        return Reading(State.FAILED, f"Python is {platform.python_version()}")
    try:
        version = importlib.metadata.version("numpy")
    except importlib.metadata.PackageNotFoundError:
        return Reading(State.FAILED, f"numpy is not installed for {sys.executable}")
    new_enough = tuple(int(part) for part in version.split(".")[:2]) >= MIN_NUMPY
    return Reading.judged(None if new_enough else f"numpy is {version}")


def cores(place: Place, _gpu: int) -> Reading:
    """Ask whether there is a core for each thread of each worker."""
    there, wanted = len(os.sched_getaffinity(0)), place.slots * place.threads
    few = f"{there} cores for {place.slots} workers of {place.threads} threads: they will wait for each other"
    return Reading.judged(few if there < wanted else None, cores=float(there))


def _there(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))


def _processes() -> list[tuple[int, str, str, float]]:
    """Return process id, name, state, and the start in seconds since boot of each process (proc(5))."""
    found = []
    ticks = os.sysconf("SC_CLK_TCK")
    for folder in PROC.iterdir():
        head, _, rest = (read_text(folder / "stat") or "").rpartition(")") if folder.name.isdigit() else ("", "", "")
        fields = rest.split()
        if len(fields) > 19:
            found.append((int(folder.name), head.partition("(")[2], fields[0], float(fields[19]) / ticks))
    return found


def _still_sleeps(pid: int) -> bool:
    """Look at a process some more times: one that waits for a disk wakes up between."""
    for _ in range(5):
        time.sleep(0.1)
        if (read_text(PROC / str(pid) / "stat") or "").rpartition(")")[2].split()[:1] != ["D"]:
            return False
    return True
