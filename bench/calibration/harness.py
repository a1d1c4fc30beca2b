"""What every study needs: runs spread over processes, progress, and one JSON file."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import re
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

_NICENESS = 10
_PACKAGES = ("numpy", "scipy", "optuna")
_OBJECT = r"\{[^{}\[\]]*\}"
_FLAT = re.compile(rf"\{{[^{{}}\[\]]*(?:{_OBJECT}[^{{}}\[\]]*)*\}}")
"""A run, or what else holds no list: a line of the file."""

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Options:
    """How a study is run: repeats (None means the study's own), processes, first seed, and pool sizes.

    `rows` is the number of survivors in made pools, `examined` that of seeds in a sieve pool.
    `engines`, `lives` and `alpha` empty or None mean the study's own.
    """

    runs: int | None = None
    workers: int = 1
    seed: int = 1
    rows: int = 44_647
    examined: int = 50_000
    engines: tuple[str, ...] = ()
    lifts: tuple[float, ...] = ()
    alpha: float | None = None
    lives: tuple[str, ...] = ()
    length: int = 60


def spread(function: Callable[[Task], Outcome], tasks: Sequence[Task], workers: int, label: str) -> list[Outcome]:
    """Return the outcome of each task, in order, and print when all are done; one worker is this process."""
    started = time.monotonic()
    if workers == 1:
        outcomes = [function(task) for task in tasks]
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=os.nice, initargs=(_NICENESS,)) as pool:
            outcomes = list(pool.map(function, tasks, chunksize=max(1, len(tasks) // (workers * 20))))
    print(f"{label}: {len(tasks)} runs in {time.monotonic() - started:.1f} s", flush=True)
    return outcomes


def sub_seed(*numbers: int) -> int:
    """Return a seed below 2^31 that belongs to these numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0]) >> 1


def cpu_seconds() -> float:
    """Return the processor time that this process and those that it waited for have taken."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


@dataclass(frozen=True)
class Started:
    """When a study began: by the clock, and by the processor time that was used before."""

    wall: float = field(default_factory=time.monotonic)
    cpu: float = field(default_factory=cpu_seconds)


def write_result(
    path: Path, study: str, command: str, parameters: Mapping[str, Any], started: Started, results: Mapping[str, Any]
) -> None:
    """Write a study's file: what was run, with what, when, for how long, results."""
    record = {
        "study": study,
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_seconds": round(time.monotonic() - started.wall, 1),
        "cpu_seconds": round(cpu_seconds() - started.cpu, 1),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "parameters": dict(parameters),
        **results,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_FLAT.sub(_on_one_line, json.dumps(record, indent=1)) + "\n")


def _on_one_line(match: re.Match[str]) -> str:
    return " ".join(match.group().split())
