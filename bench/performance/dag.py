"""The whole DAG on the simulated cluster: seconds for each phase, as Airflow saw them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from bench.performance.result import Line, Result, Size
from scorer_core.conf import RunConf
from sim.demo.outcome import phase_seconds
from sim.demo.stand import stand
from sim.pools import PoolKind, make_pool

LIMIT_S = 45.0
CONFS: tuple[tuple[str, dict[str, Any]], ...] = (("sweep", {}), ("tpe", {"search": "tpe", "seed": 1}))


def measure(size: Size) -> Result:
    """Run the DAG as a sweep and with TPE, 26 lanes each."""
    name = str(RunConf.model_fields["survivors_path"].default)
    lines, numbers = [], {}
    with (
        tempfile.TemporaryDirectory() as folder,
        stand(Path(folder), {name: make_pool(PoolKind.PLANTED, 44_647, 1, None)}) as up,
    ):
        for search, conf in CONFS[: size.of(2, 1)]:
            reply = up.client.trigger(conf)
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
