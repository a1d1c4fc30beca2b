"""How trial, sweep and memory grow with the rows; how a lane's own work grows with the lanes."""

from __future__ import annotations

import math
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.performance.forks import Forks, Ready
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from bench.performance.rig import rig_of, work
from scorer_core.context import RunContext
from scorer_core.rig.protocol import Request, TrialResult
from scorer_core.run.folder import RunFiles
from scorer_core.run.slot import Slot
from scorer_core.scoring.limits import CACHE_MB
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.sweep.shards import shard_count
from scorer_core.search.in_process import InProcessRunner
from scorer_core.search.lane import Lane
from scorer_core.settings import Settings
from scorer_core.spec import RunSpec
from scorer_core.steps.prepare_run import prepare_pool_run

TRIAL_S = 0.5
_ROWS = (10**4, 10**5, 10**6, 10**7)
_WHOLE, _SOME = 10**6, 7
"""Up to so many rows all shards are swept, beyond them some."""
_LANES = (2, 8, 26, 104, 208)
_LIMITS_S = {10**6: 35.0, 10**7: 400.0}
_TABLE_S, _OWN_MB, _EXPONENT = 60.0, 300.0, 1.1


def measure(size: Size) -> Result:
    """Measure each number of rows on a rig of its own, and each number of lanes on one ledger."""
    rows = [_on_a_rig(count) for count in _ROWS[: size.of(4, 1)]]
    lines = [line for one in rows for line in _lines(one)]
    if len(rows) > 1:
        lines.append(_exponent(rows))
    lanes = [_lanes(count, size.of(8, 1)) for count in _LANES[: size.of(5, 1)]]
    lines += [
        Line(
            f"{one['lanes']} lanes, each a process, trials of {TRIAL_S} s",
            f"{one['efficiency']:.0%} of the lanes' time in trials; {one['overhead_ms']:.0f} ms a trial between them",
        )
        for one in lanes
    ]
    return Result(tuple(lines), {"rows": rows, "lanes": lanes})


def _on_a_rig(rows: int) -> dict[str, Any]:
    """Measure the table of a pool, and one worker that maps it; of the largest pool some shards."""
    every = shard_count(MaskPolicy.MAX_OFFSET)
    with rig_of(rows) as rig:
        told = work(rig, every if rows <= _WHOLE else _SOME, 60 if rows <= _WHOLE else 7)
        made = rig.maker
        table = {"table_mb": rig.table_mb, "table_s": made.seconds, "table_cpu_s": made.cpu_s, "maker_mb": made.most_mb}
    later = told["shards"][1:]
    return {"rows": rows, **told, **table, "first_shard_s": told["shards"][0], "shard_s": sum(later) / len(later)}


def _lines(one: dict[str, Any]) -> list[Line]:
    rows, limit = one["rows"], _LIMITS_S.get(one["rows"])
    swept = "all shards" if rows <= _WHOLE else f"from {len(one['shards'])} shards, evenly chosen"
    sweep = (
        f"{one['whole_s']:.1f} CPU s, {swept} (first {one['first_shard_s']:.2f} s, then {one['shard_s']:.2f} s each); "
        f"a trial {one['trial_ms']:.2f} ms; mapping the table {one['mapped_s']:.2f} s"
    )
    table = (
        f"{one['table_cpu_s']:.1f} CPU s, {one['table_s']:.1f} s by the clock; {one['table_mb']:,.0f} MB, made with "
        f"{one['maker_mb']:,.0f} MB at most"
    )
    own = (
        f"{one['own_mb']:.0f} MB at most in a sweep, mapped pages apart; {one['own_with_trials_mb']:.0f} MB after "
        f"trials on all rows, whose residues it holds within its bound of {CACHE_MB} MB"
    )
    large = limit is not None
    return [
        Line(
            f"{rows:,} rows: a sweep on one core, from the table",
            sweep,
            f"≤ {limit:g} s" if limit else "",
            one["whole_s"] <= limit if limit else None,
        ),
        Line(
            f"{rows:,} rows: the table, once a rig",
            table,
            f"≤ {_TABLE_S:g} s" * large,
            one["table_cpu_s"] <= _TABLE_S if large else None,
        ),
        Line(
            f"{rows:,} rows: a worker's own memory",
            own,
            f"≤ {_OWN_MB:g} MB" * large,
            one["own_mb"] <= _OWN_MB if large else None,
        ),
    ]


def _exponent(rows: list[dict[str, Any]]) -> Line:
    small, large = rows[1], rows[-1]
    growth = math.log(large["whole_s"] / small["whole_s"]) / math.log(large["rows"] / small["rows"])
    what = f"a sweep's time grows from {small['rows']:,} to {large['rows']:,} rows with the exponent"
    return Line(what, f"{growth:.2f}", f"≤ {_EXPONENT:g}", growth <= _EXPONENT)


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
