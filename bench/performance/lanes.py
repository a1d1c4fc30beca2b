"""How much of the lanes' time is spent in trials: 26 lanes over real SSH, trials made to last half a second."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median

from bench.performance.forks import Forks, Ready
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_airflow.ssh.connect import connect
from scorer_core.cluster import load_inventory
from scorer_core.publish.artifacts import RunPaths
from scorer_core.rig import bundle
from scorer_core.rig.protocol import TrialResult
from scorer_core.settings import Settings
from scorer_core.spec import RunSpec
from scorer_core.steps.context import RunContext
from scorer_core.steps.deploy_worker import Shipment, deploy_worker
from scorer_core.steps.prepare_run import prepare_pool_run
from scorer_core.steps.trial_lane import trial_lane
from scorer_core.transport.slot import Slot
from sim.demo.stand import TEMPLATE
from sim.rigs.cluster import SimCluster
from sim.rigs.slow_worker import HOLD, set_seconds, slow_bundle

TRIAL_S = 0.5
TRIALS_EACH = 8
OLD_SYSTEM = "the old system: 100 trials of 2.8 s on 26 GPUs in 235 s, 4.6 %"


def measure(size: Size) -> Result:
    """Measure until the last trial's end: from when every lane holds a worker, and from the first lane's start."""
    each = size.of(TRIALS_EACH, 1)
    with tempfile.TemporaryDirectory() as folder, SimCluster.start(TEMPLATE, Path(folder, "rigs")) as cluster:
        home = Path(folder, "home")
        settings = Settings.model_validate({"home": home, "cluster_file": cluster.inventory})
        slots = [Slot(node.name, gpu) for node in load_inventory(cluster.inventory).nodes for gpu in range(node.slots)]
        roots = [Path(node.root) for node in load_inventory(cluster.inventory).nodes]
        context = _deployed(settings, n_trials=each * len(slots))
        for root in roots:
            set_seconds(root, TRIAL_S)
            (root / HOLD).touch()
        begun = time.time()
        forks = Forks(len(slots), partial(_work, settings, slots))
        forks.wait_ready()
        while sum(ticket.attempts > 0 for ticket in context.ledger.tickets("bench")) < len(slots):
            time.sleep(0.1)
        released = time.time()
        for root in roots:
            (root / HOLD).unlink()
        forks.join()
        results = [ticket.result for ticket in context.ledger.tickets("bench") if ticket.result]
    busy = sum(TRIAL_S + result.seconds for result in results)
    ended = max(datetime.fromisoformat(result.finished_at).timestamp() for result in results)
    gap = median(_gaps(results))
    warm, whole = (busy / (len(slots) * (ended - since)) for since in (released, begun))
    told = f"{warm:.1%} once every lane holds a worker; {whole:.1%} with {released - begun:.1f} s of connecting"
    told += f"; {1000 * gap:.0f} ms (median) from the end of a trial to the start of the lane's next"
    what = f"lane efficiency, {len(slots)} lanes over SSH, {each} trials each of {TRIAL_S} s ({OLD_SYSTEM})"
    numbers = {
        "efficiency": warm,
        "efficiency_with_start": whole,
        "start_s": released - begun,
        "busy_s": busy,
        "gap_s": gap,
    }
    return Result((Line(what, told, "≥ 90 %", warm >= 0.90),), numbers)


def _deployed(settings: Settings, n_trials: int) -> RunContext:
    slow = slow_bundle()
    real = bundle.build
    bundle.build = lambda: slow  # the run ships workers that wait
    try:
        spec = RunSpec.from_conf({"n_trials": n_trials, "sample_size": 1000, "search": "random", "seed": 1})
        paths = RunPaths.of(settings.runs_dir, "bench")
        context = prepare_pool_run(settings, "bench", spec, pool_of(20_000), paths)
    finally:
        bundle.build = real
    run = context.run
    shipment = Shipment(paths.worker, run.worker_sha256, paths.search_pool, run.pool_sha256)
    for node in context.inventory().nodes:
        with connect(node) as transport:
            deploy_worker(transport, shipment)
    return context


def _gaps(results: Sequence[TrialResult]) -> Iterator[float]:
    """Return the seconds between the trials of each lane; a trial's start is told after it has waited."""
    ended: dict[tuple[str, int], datetime] = {}
    for result in sorted(results, key=lambda result: result.started_at):
        lane = (result.node, result.gpu)
        if lane in ended:
            yield (datetime.fromisoformat(result.started_at) - ended[lane]).total_seconds() - TRIAL_S
        ended[lane] = datetime.fromisoformat(result.finished_at)


def _work(settings: Settings, slots: list[Slot], number: int, ready: Ready) -> float:
    context = RunContext.load("bench", settings)
    ready()
    return trial_lane(context, slots[number]).trials
