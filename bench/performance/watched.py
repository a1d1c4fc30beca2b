"""What it costs a run that somebody looks at it: its lanes with the run's tab open against without, in pairs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import yaml

from bench.performance.measured import used
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.conf import RunConf
from scorer_core.context import RunContext
from scorer_core.rig.gpus import OVERRIDE
from scorer_core.run.folder import RunFiles
from scorer_core.run.slot import Slot
from scorer_core.settings import Settings
from scorer_core.steps.deploy_worker import shipment_of
from scorer_core.steps.prepare_run import prepare_pool_run
from scorer_core.steps.trial_lane import trial_lane
from scorer_core.transport.deploy import deploy

ROWS, SAMPLE, TRIALS, PAIRS, GPUS = 44_647, 5_000, 3_000, 15, 2
RIGS = ("rig-a", "rig-b")
RUN = "watched"
MOST_SHARE = 0.03


@dataclass
class _Took:
    """Seconds of a run's lanes, by the clock and of CPU, and what each look took, in milliseconds."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    looks_ms: list[float] = field(default_factory=list)


def measure(size: Size) -> Result:
    """Run the same trials watched and unwatched, each first in every other pair."""
    pairs = []
    for place in range(size.of(PAIRS, 1)):
        taken = {seen: _run(size.of(TRIALS, 20), seen) for seen in ((True, False) if place % 2 else (False, True))}
        pairs.append((taken[True], taken[False]))
    share = median(watched.cpu_s / alone.cpu_s - 1 for watched, alone in pairs)
    clock = median(watched.seconds / alone.seconds - 1 for watched, alone in pairs)
    looks = [spent for watched, _ in pairs for spent in watched.looks_ms]
    told = (
        f"{share:+.1%} CPU seconds of lanes and workers, {clock:+.1%} by the clock (median of {len(pairs)} pairs; "
        f"{len(looks)} looks, {median(looks) if looks else 0.0:.0f} ms each)"
    )
    what = f"a run with its tab open against without: {size.of(TRIALS, 20):,} trials on {len(RIGS) * GPUS} lanes"
    numbers = {"pairs": [[vars(one) for one in pair] for pair in pairs], "share_cpu": share, "share_clock": clock}
    return Result((Line(what, told, f"≤ {MOST_SHARE:.0%}, in CPU s", share <= MOST_SHARE),), numbers)


def _run(trials: int, seen: bool) -> _Took:
    conf: dict[str, Any] = {"search": "random", "n_trials": trials, "sample_size": SAMPLE, "seed": 1}
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {OVERRIDE: f"nvidia:{GPUS}"}):
        settings = _installation(Path(folder))
        files = RunFiles.of(settings.runs_dir, RUN)
        context = prepare_pool_run(settings, RUN, RunConf.checked(conf), pool_of(ROWS), files, len(RIGS) * GPUS)
        for node in context.inventory().nodes:
            with context.connect(node.name) as transport:
                deploy(transport, shipment_of(context))
        took = _Took()
        with _looked_at(settings, took, seen):
            took.seconds, took.cpu_s = used(lambda: _lanes(context))
        return took


@contextmanager
def _looked_at(settings: Settings, took: _Took, seen: bool) -> Iterator[None]:
    """Have a process look at the run meanwhile; it ends, and its CPU seconds count, only after the lanes."""
    if not seen:
        yield
        return
    command = [sys.executable, "-m", "bench.performance.looks", RUN]
    environment = {**os.environ, **settings.environment()}
    told = settings.home / "looks"
    with told.open("w") as written:
        looking = subprocess.Popen(command, env=environment, stdout=written)
        try:
            while "\n" not in told.read_text():  # it imports for seconds before its first look
                time.sleep(0.05)
            yield
        finally:
            looking.terminate()
            looking.wait()
    took.looks_ms = [float(line) for line in told.read_text().splitlines()[1:]]


def _installation(home: Path) -> Settings:
    gpu = {"vendor": "nvidia", "count": GPUS}
    nodes = [{"name": name, "python": sys.executable, "root": str(home / name), "gpu": gpu} for name in RIGS]
    (home / "cluster.yaml").write_text(yaml.safe_dump({"nodes": nodes}))
    return Settings.model_validate({"home": home, "transport": "local", "health_s": 0})


def _lanes(context: RunContext) -> None:
    slots = [Slot(name, gpu) for gpu in range(GPUS) for name in RIGS]
    loaded = [RunContext.load(context.run_id, context.settings) for _ in slots]
    lanes = [threading.Thread(target=trial_lane, args=one) for one in zip(loaded, slots, strict=True)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
