"""What it costs not to believe rigs: the head's checks in a run's time, and every shard on two rigs in the lanes'."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import yaml

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
class _Took:
    """Seconds of a run and of its lanes, by the clock and of CPU; CPU seconds of the head's checks in collect.

    `others_cpu_s` are those that other processes of the machine took while the lanes worked. `idle_s` is how long
    the lane that ended first was without work while the other had some.
    """

    run_s: float
    run_cpu_s: float
    lanes_s: float
    lanes_cpu_s: float
    checks_cpu_s: float
    others_cpu_s: float
    idle_s: float


def measure(size: Size) -> Result:
    """Run on two rigs of this machine, a core each: trials, and a sweep with both settings, each first in turn."""
    rows = size.of(ROWS, 1_000)
    runs: dict[str, list[_Took]] = {"sample": [], "twice": []}
    settings = {"sample": Verify.SAMPLE, "twice": Verify.ALL}
    for place in range(size.of(PAIRS, 1)):
        for name in sorted(settings, reverse=bool(place % 2)):
            runs[name].append(_run(SWEEP, rows, settings[name]))
    runs["trials"] = [_run(TRIALS, rows, Verify.SAMPLE) for _ in range(size.of(REPEATS, 1))]
    return Result(_lines(rows, **runs), {name: [vars(one) for one in each] for name, each in runs.items()})


def _lines(rows: int, trials: list[_Took], sample: list[_Took], twice: list[_Took]) -> tuple[Line, ...]:
    pairs = [
        (other.lanes_cpu_s / one.lanes_cpu_s, other.lanes_s / one.lanes_s)
        for one, other in zip(sample, twice, strict=True)
    ]
    cpu, clock = (median(ratios) for ratios in zip(*pairs, strict=True))
    others = median(one.others_cpu_s / one.lanes_s for one in (*sample, *twice))
    told = (
        f"lanes {median(one.lanes_cpu_s for one in twice):.1f} against {median(one.lanes_cpu_s for one in sample):.1f} "
        f"CPU s: {cpu:.2f} times; by the clock {clock:.2f} times (medians of {len(pairs)} pairs; by the clock "
        f"{', '.join(f'{ratio:.2f}' for _, ratio in pairs)}; other work of the machine took {others:.0%} of a core)"
    )
    what = f"`SCORER_VERIFY=all` against `sample`, a sweep of {rows:,} rows on two rigs"
    return (
        _share(f"100 trials, {rows:,} rows", trials),
        _share(f"a sweep, {rows:,} rows", sample),
        Line(what, told, f"≤ {MOST_TIMES} times", max(cpu, clock) <= MOST_TIMES),
    )


def _share(what: str, runs: list[_Took]) -> Line:
    cost, whole = median(one.checks_cpu_s for one in runs), median(one.run_cpu_s for one in runs)
    told = f"{cost:.2f} of {whole:.1f} CPU s: {cost / whole:.1%} (median of {len(runs)}; collect with and without them)"
    return Line(f"the head's checks with `sample`: {what}", told, f"≤ {MOST_SHARE:.0%}", cost / whole <= MOST_SHARE)


def _run(conf: dict[str, Any], rows: int, verify: Verify) -> _Took:
    """Do a run's steps from prepare_run to the gate, without a scheduler between them."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {OVERRIDE: "nvidia:1"}):
        settings = _installation(Path(folder), verify)
        files = RunFiles.of(settings.runs_dir, "run")
        pool, asked = pool_of(rows), RunConf.checked(conf)
        began = _now()
        context = prepare_pool_run(settings, "run", asked, pool, files, len(RIGS), on_rigs=True)
        for node in context.inventory().nodes:
            with context.connect(node.name) as transport:
                deploy(transport, shipment_of(context))
        busy = _busy_cpu_s()
        lanes_s, lanes_cpu_s, idle_s = _lanes(context)
        others = max(0.0, _busy_cpu_s() - busy - lanes_cpu_s)
        collect(context, context.inventory())
        ended = _now()
        with patch.object(Referee, "check", lambda _self: Checked()):
            unchecked = _used(lambda: collect(context, context.inventory()))
        checked = _used(lambda: collect(context, context.inventory()))
        gate = _used(lambda: quality_gate(context))
        run = [end - begin + more for begin, end, more in zip(began, ended, gate, strict=True)]
        return _Took(run[0], run[1], lanes_s, lanes_cpu_s, checked[1] - unchecked[1], others, idle_s)


def _installation(home: Path, verify: Verify) -> Settings:
    nodes = [
        {"name": name, "python": sys.executable, "root": str(home / name), "gpu": {"vendor": "nvidia", "count": 1}}
        for name in RIGS
    ]
    (home / "cluster.yaml").write_text(yaml.safe_dump({"nodes": nodes}))
    return Settings.model_validate({"home": home, "transport": "local", "verify": verify, "health_s": 0})


def _lanes(context: RunContext) -> tuple[float, float, float]:
    """Work on the run; return the lanes' seconds by the clock and of CPU, and how long one waited for the other."""
    began, ended = _now(), []

    def work(name: str) -> None:
        trial_lane(RunContext.load(context.run_id, context.settings), Slot(name, 0))
        ended.append(time.monotonic())

    lanes = [threading.Thread(target=work, args=(name,)) for name in RIGS]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    after = _now()
    return after[0] - began[0], after[1] - began[1], max(ended) - min(ended)


def _busy_cpu_s() -> float:
    """Return the CPU seconds of all processes of the machine."""
    user, nice, system, _idle, _waiting, *other = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    return sum(map(int, (user, nice, system, *other))) / os.sysconf("SC_CLK_TCK")


def _now() -> tuple[float, float]:
    """Return the clock, and the CPU seconds of this process and of its children that have ended."""
    return time.monotonic(), sum(os.times()[:4])


def _used(work: Callable[[], object]) -> tuple[float, float]:
    """Return what work takes: seconds by the clock, and of CPU."""
    began = _now()
    work()
    ended = _now()
    return ended[0] - began[0], ended[1] - began[1]
