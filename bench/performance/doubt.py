"""What it costs not to believe rigs: the head's checks in a run's time, and every shard on two rigs in the lanes'."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import yaml

from bench.performance.measured import now, used
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.conf import RunConf
from scorer_core.context import RunContext
from scorer_core.rig.gpus import OVERRIDE
from scorer_core.run.folder import RunFiles
from scorer_core.run.slot import Slot
from scorer_core.search.belief import Referee
from scorer_core.search.recheck import Checked
from scorer_core.settings import Settings
from scorer_core.steps.collect import collect
from scorer_core.steps.deploy_worker import shipment_of
from scorer_core.steps.prepare_run import prepare_pool_run
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.trial_lane import trial_lane
from scorer_core.transport.deploy import deploy
from scorer_core.verify import Verify

ROWS = 44_647
RIGS = ("rig-a", "rig-b")
REPEATS, PAIRS = 3, 7
MOST_SHARE, MOST_TIMES = 0.03, 2.2
SWEEP: dict[str, Any] = {"search": "sweep"}
TRIALS: dict[str, Any] = {"search": "random", "n_trials": 100, "sample_size": None, "seed": 1}


@dataclass(frozen=True)
class _Lanes:
    """Seconds of a run's lanes by the clock and of CPU; CPU seconds that other processes of the machine took meanwhile.

    `idle_s` is how long the lane that ended first was without work while the other had some.
    """

    clock_s: float
    cpu_s: float
    others_cpu_s: float
    idle_s: float


@dataclass(frozen=True)
class _Took:
    """CPU seconds of a run without a scheduler, and of the head's checks in collect."""

    run_cpu_s: float
    checks_cpu_s: float


def measure(size: Size) -> Result:
    """Run on two rigs of this machine, a core each: trials, and a sweep; its lanes with both settings in turn."""
    rows, repeats = size.of(ROWS, 1_000), size.of(REPEATS, 1)
    trials = [_run(TRIALS, rows) for _ in range(repeats)]
    sweeps = [_run(SWEEP, rows) for _ in range(repeats)]
    once: list[_Lanes] = []
    twice: list[_Lanes] = []
    for place in range(size.of(PAIRS, 1)):
        in_turn = [(once, Verify.SAMPLE), (twice, Verify.ALL)]
        for taken, verify in reversed(in_turn) if place % 2 else in_turn:
            with _deployed(SWEEP, rows, verify) as context:
                taken.append(_lanes(context))
    told: dict[str, Sequence[_Took | _Lanes]] = {"trials": trials, "sweeps": sweeps, "once": once, "twice": twice}
    lines = (
        _share(f"100 trials, {rows:,} rows", trials),
        _share(f"a sweep, {rows:,} rows", sweeps),
        _times(f"`SCORER_VERIFY=all` against `sample`, a sweep of {rows:,} rows on two rigs", once, twice),
    )
    return Result(lines, {name: [vars(one) for one in each] for name, each in told.items()})


def _times(what: str, once: list[_Lanes], twice: list[_Lanes]) -> Line:
    pairs = list(zip(once, twice, strict=True))
    cpu = median(other.cpu_s / one.cpu_s for one, other in pairs)
    clock = [other.clock_s / one.clock_s for one, other in pairs]
    others = median(one.others_cpu_s / one.clock_s for one in (*once, *twice))
    told = (
        f"lanes {median(one.cpu_s for one in twice):.1f} against {median(one.cpu_s for one in once):.1f} CPU s: "
        f"{cpu:.2f} times; by the clock {median(clock):.2f} times (medians of {len(pairs)} pairs; by the clock "
        f"{', '.join(f'{ratio:.2f}' for ratio in clock)}; other work took {others:.0%} of a core meanwhile)"
    )
    return Line(what, told, f"≤ {MOST_TIMES} times", max(cpu, median(clock)) <= MOST_TIMES)


def _share(what: str, runs: list[_Took]) -> Line:
    cost, whole = median(one.checks_cpu_s for one in runs), median(one.run_cpu_s for one in runs)
    told = f"{cost:.2f} of {whole:.1f} CPU s: {cost / whole:.1%} (median of {len(runs)}; collect with and without them)"
    return Line(f"the head's checks with `sample`: {what}", told, f"≤ {MOST_SHARE:.0%}", cost / whole <= MOST_SHARE)


def _run(conf: dict[str, Any], rows: int) -> _Took:
    """Do a run's steps from prepare_run to the gate, without a scheduler between them."""
    began = now()[1]
    with _deployed(conf, rows, Verify.SAMPLE) as context:
        _lanes(context)
        collect(context, context.inventory())
        ended = now()[1]
        with patch.object(Referee, "check", lambda _self: Checked()):
            unchecked = used(lambda: collect(context, context.inventory()))[1]
        checked = used(lambda: collect(context, context.inventory()))[1]
        gate = used(lambda: quality_gate(context))[1]
        return _Took(ended - began + gate, checked - unchecked)


@contextmanager
def _deployed(conf: dict[str, Any], rows: int, verify: Verify) -> Iterator[RunContext]:
    """Prepare a run, and deploy it to both rigs."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {OVERRIDE: "nvidia:1"}):
        settings = _installation(Path(folder), verify)
        files = RunFiles.of(settings.runs_dir, "run")
        asked = RunConf.checked(conf)
        context = prepare_pool_run(settings, "run", asked, pool_of(rows), files, len(RIGS), on_rigs=True)
        for node in context.inventory().nodes:
            with context.connect(node.name) as transport:
                deploy(transport, shipment_of(context))
        yield context


def _installation(home: Path, verify: Verify) -> Settings:
    nodes = [
        {"name": name, "python": sys.executable, "root": str(home / name), "gpu": {"vendor": "nvidia", "count": 1}}
        for name in RIGS
    ]
    (home / "cluster.yaml").write_text(yaml.safe_dump({"nodes": nodes}))
    return Settings.model_validate({"home": home, "transport": "local", "verify": verify, "health_s": 0})


def _lanes(context: RunContext) -> _Lanes:
    """Work on a run."""
    ended: list[float] = []

    def work(name: str) -> None:
        trial_lane(RunContext.load(context.run_id, context.settings), Slot(name, 0))
        ended.append(time.monotonic())

    lanes = [threading.Thread(target=work, args=(name,)) for name in RIGS]
    began, own, all_of_it = time.monotonic(), now()[1], _cpu_s_of_all()
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    own = now()[1] - own
    others = max(0.0, _cpu_s_of_all() - all_of_it - own)
    return _Lanes(max(ended) - began, own, others, max(ended) - min(ended))


def _cpu_s_of_all() -> float:
    """Return the CPU seconds of all processes of the machine, idle and waiting ones apart."""
    user, nice, system, _idle, _waiting, *other = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    return sum(map(int, (user, nice, system, *other))) / os.sysconf("SC_CLK_TCK")
