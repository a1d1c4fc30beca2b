"""The whole DAG on the simulated cluster: seconds for each phase, as Airflow saw them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.performance.result import Line, Result, Size
from scorer_core.spec import RunSpec
from sim.demo.outcome import phase_seconds
from sim.demo.stand import stand
from sim.pools import PoolKind, make_pool

LIMIT_S = 45.0


def measure(size: Size) -> Result:
    """Run the DAG with TPE and as a sweep, 26 lanes each."""
    name = str(RunSpec.model_fields["survivors_path"].default)
    lines, numbers = [], {}
    with (
        tempfile.TemporaryDirectory() as folder,
        stand(Path(folder), {name: make_pool(PoolKind.PLANTED, 44_647, 1, None)}) as up,
    ):
        for search in ("tpe", "sweep")[: size.of(2, 1)]:
            reply = up.client.trigger({"search": search, "n_trials": 100, "seed": 1})
            run = up.client.wait(reply.json()["dag_run_id"])
            if run["state"] != "success":
                raise RuntimeError(f"the run ended in {run['state']}")
            seconds = phase_seconds(up.client.task_instances(run["dag_run_id"]))
            overhead = sum(value for phase, value in seconds.items() if phase != "trial_lane")
            numbers[search] = seconds
            told = ", ".join(f"{phase} {value:.1f}" for phase, value in seconds.items())
            what = f"the whole DAG, 26 lanes, {search}: seconds outside the lanes"
            lines.append(Line(what, f"{overhead:.1f} ({told})", f"≤ {LIMIT_S:g} s", overhead <= LIMIT_S))
    return Result(tuple(lines), numbers)
