"""What it costs not to believe rigs: the head's checks in a run's time, and every shard on two rigs in the lanes'."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
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
REPEATS = 3
MOST_SHARE, MOST_TIMES = 0.03, 2.2
SWEEP: dict[str, Any] = {"search": "sweep"}
TRIALS: dict[str, Any] = {"search": "random", "n_trials": 100, "sample_size": None, "seed": 1}


@dataclass(frozen=True)
class _Took:
    """Seconds of a run and of its lanes, by the clock and of CPU; CPU seconds of the head's checks in collect."""

    run_s: float
    run_cpu_s: float
    lanes_s: float
    lanes_cpu_s: float
    checks_cpu_s: float


def measure(size: Size) -> Result:
    """Run on two rigs of this machine, a core each: trials, and a sweep with either setting in turn.

    CPU seconds are compared, since other processes of the machine do not change them.
    """
    rows, repeats = size.of(ROWS, 1_000), size.of(REPEATS, 1)
    trials = [_run(TRIALS, rows, Verify.SAMPLE) for _ in range(repeats)]
    swept = [(_run(SWEEP, rows, Verify.SAMPLE), _run(SWEEP, rows, Verify.ALL)) for _ in range(repeats)]
    runs = {"trials": trials, "sample": [one for one, _ in swept], "twice": [other for _, other in swept]}
    return Result(_lines(rows, **runs), {name: [vars(one) for one in each] for name, each in runs.items()})


def _lines(rows: int, trials: list[_Took], sample: list[_Took], twice: list[_Took]) -> tuple[Line, ...]:
    once_s, twice_s = min(one.lanes_cpu_s for one in sample), min(one.lanes_cpu_s for one in twice)
    clock = sorted(other.lanes_s / one.lanes_s for one, other in zip(sample, twice, strict=True))
    told = (
        f"lanes {twice_s:.1f} against {once_s:.1f} CPU s: {twice_s / once_s:.2f} times (least of {len(twice)} each, in "
        f"turn); by the clock {clock[0]:.2f} to {clock[-1]:.2f} times, pair by pair"
    )
    what = f"`SCORER_VERIFY=all` against `sample`, a sweep of {rows:,} rows on two rigs"
    return (
        _share(f"100 trials, {rows:,} rows", trials),
        _share(f"a sweep, {rows:,} rows", sample),
        Line(what, told, f"≤ {MOST_TIMES} times, in CPU s", twice_s / once_s <= MOST_TIMES),
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
        began = now()
        context = prepare_pool_run(settings, "run", asked, pool, files, len(RIGS), on_rigs=True)
        for node in context.inventory().nodes:
            with context.connect(node.name) as transport:
                deploy(transport, shipment_of(context))
        lanes = used(lambda: _lanes(context))
        collect(context, context.inventory())
        ended = now()
        with patch.object(Referee, "check", lambda _self: Checked()):
            unchecked = used(lambda: collect(context, context.inventory()))
        checked = used(lambda: collect(context, context.inventory()))
        gate = used(lambda: quality_gate(context))
        run = [end - begin + more for begin, end, more in zip(began, ended, gate, strict=True)]
        return _Took(run[0], run[1], lanes[0], lanes[1], checked[1] - unchecked[1])


def _installation(home: Path, verify: Verify) -> Settings:
    nodes = [
        {"name": name, "python": sys.executable, "root": str(home / name), "gpu": {"vendor": "nvidia", "count": 1}}
        for name in RIGS
    ]
    (home / "cluster.yaml").write_text(yaml.safe_dump({"nodes": nodes}))
    return Settings.model_validate({"home": home, "transport": "local", "verify": verify, "health_s": 0})


def _lanes(context: RunContext) -> None:
    lanes = [
        threading.Thread(target=trial_lane, args=(RunContext.load(context.run_id, context.settings), Slot(name, 0)))
        for name in RIGS
    ]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
