"""How trial, sweep and memory grow with the rows; how a lane's own work grows with the lanes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.performance.forks import Forks, Ready
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.context import RunContext
from scorer_core.rig.protocol import Request, TrialResult
from scorer_core.run.folder import RunFiles
from scorer_core.run.slot import Slot
from scorer_core.search.in_process import InProcessRunner
from scorer_core.search.lane import Lane
from scorer_core.settings import Settings
from scorer_core.spec import RunSpec
from scorer_core.steps.prepare_run import prepare_pool_run

TRIAL_S = 0.5
_ROWS = (10**4, 10**5, 10**6, 10**7)
_LANES = (2, 8, 26, 104, 208)
_CHILD = """
import json, sys
from bench.performance.pools import pool_of
from bench.performance.sweep import sweep_all
from bench.performance.trial import _median_ms, random_requests
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.policies import MaskPolicy
rows = int(sys.argv[1])
scorer = PoolScorer.of(pool_of(rows))
fast = rows <= 10**6
trials = _median_ms(scorer, random_requests(60 if fast else 7, None))
_, first, _ = sweep_all(scorer, MaskPolicy.MAX_OFFSET, 1)
shards = 6 if fast else 1
_, seconds, _ = sweep_all(scorer, MaskPolicy.MAX_OFFSET, shards)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
peak = int(status["VmHWM"].split()[0]) / 1024
told = {"trial_ms": trials, "first_shard_s": first, "shard_s": seconds / shards, "peak_mb": peak}
print(json.dumps({"rows": rows, **told}))
"""


def measure(size: Size) -> Result:
    """Measure each number of rows in a process of its own, and each number of lanes on one ledger."""
    rows = [_in_a_process(count) for count in _ROWS[: size.of(4, 1)]]
    lines = [
        Line(
            f"{one['rows']:,} rows",
            f"trial {one['trial_ms']:.2f} ms, sweep {one['first_shard_s'] + 142 * one['shard_s']:.0f} s "
            f"(first shard {one['first_shard_s']:.2f} s, then {one['shard_s']:.2f} s each, from some of the 143), "
            f"worker {one['peak_mb']:.0f} MB at most",
        )
        for one in rows
    ]
    lanes = [_lanes(count, size.of(8, 1)) for count in _LANES[: size.of(5, 1)]]
    lines += [
        Line(
            f"{one['lanes']} lanes, each a process, trials of {TRIAL_S} s",
            f"{one['efficiency']:.0%} of the lanes' time in trials; {one['overhead_ms']:.0f} ms a trial between them",
        )
        for one in lanes
    ]
    return Result(tuple(lines), {"rows": rows, "lanes": lanes})


def _in_a_process(rows: int) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", _CHILD, str(rows)], check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


class _Waiting(InProcessRunner):
    """Runs each trial, and waits until it has lasted as long as a GPU's would."""

    def run(self, request: Request, timeout_s: float) -> TrialResult:
        started = time.monotonic()
        result = super().run(request, timeout_s)
        time.sleep(max(0.0, TRIAL_S - (time.monotonic() - started)))
        return result


def _lanes(count: int, trials_each: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"home": Path(folder)})
        spec = RunSpec.from_conf({"n_trials": count * trials_each, "sample_size": 1000, "search": "random", "seed": 1})
        files = RunFiles.of(settings.runs_dir, "bench")
        context = prepare_pool_run(settings, "bench", spec, pool_of(20_000), files)
        runner = _Waiting(
            pool_of(14_000),
            worker_sha256=context.record.worker_sha256,
            pool_sha256=context.record.pool_sha256,
            cache_bytes=settings.rig_cache_mb * 2**20,
        )

        def work(number: int, ready: Ready) -> float:
            own = RunContext.load("bench", settings)
            lane = Lane(Slot("node", number), own.ledger, own.record, timedelta(seconds=60))
            ready()
            lane.work(runner)
            return lane.trials

        forks = Forks(count, work)
        started = forks.wait_ready()
        trials = forks.join()
        seconds = time.monotonic() - started
    return {
        "lanes": count,
        "seconds": seconds,
        "efficiency": trials * TRIAL_S / (count * seconds),
        "overhead_ms": 1000 * (seconds / trials_each - TRIAL_S),
    }
