"""How much of the lanes' time is spent in trials: 26 lanes over real SSH, trials made to last half a second."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median

import psutil
from tenacity import retry, stop_after_delay, wait_fixed

from bench.performance.forks import Forks, Ready
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_airflow.ssh.connect import connect
from scorer_core.context import RunContext
from scorer_core.inventory import load_inventory
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.folder import RunFiles
from scorer_core.run.slot import Slot
from scorer_core.settings import Settings
from scorer_core.spec import RunSpec
from scorer_core.steps.deploy_worker import shipment_of
from scorer_core.steps.prepare_run import prepare_pool_run
from scorer_core.steps.trial_lane import trial_lane
from scorer_core.transport import bundle
from scorer_core.transport.deploy import deploy
from sim.demo.stand import TEMPLATE
from sim.rigs.cluster import SimCluster
from sim.rigs.slow_worker import HOLD, set_seconds, slow_bundle

TRIAL_S = 0.5
TRIALS_EACH = 8
OLD_SYSTEM = "the old system: 100 trials of 2.8 s on 26 GPUs in 235 s, 4.6 %"


@dataclass(frozen=True)
class _Phase:
    """One run's lanes, from when they may begin to the last trial's end."""

    lanes: int
    begun: float
    head_cpu_s: float
    results: list[TrialResult]

    @property
    def busy_s(self) -> float:
        return sum(TRIAL_S + result.seconds for result in self.results)

    @property
    def efficiency(self) -> float:
        ended = max(datetime.fromisoformat(result.finished_at).timestamp() for result in self.results)
        return self.busy_s / (self.lanes * (ended - self.begun))


def measure(size: Size) -> Result:
    """Measure twice until the last trial's end: from when every lane holds a worker, and from the lanes' start."""
    each = size.of(TRIALS_EACH, 1)
    with tempfile.TemporaryDirectory() as folder, SimCluster.start(TEMPLATE, Path(folder, "rigs")) as cluster:
        settings = Settings.model_validate({"home": Path(folder, "home"), "cluster_file": cluster.inventory})
        nodes = load_inventory(settings.cluster_file, settings.transport).nodes
        slots = [Slot(node.name, gpu) for node in nodes for gpu in range(node.slots)]
        for root in _roots(settings):
            set_seconds(root, TRIAL_S)
        held, free = (_phase(settings, slots, each, hold=hold) for hold in (True, False))
    gap = median(_gaps(held.results))
    head_s = free.head_cpu_s / len(slots)
    told = (
        f"{held.efficiency:.1%} once every lane holds a worker; {free.efficiency:.1%} from the lanes' start, when all "
        f"connect and all rigs start workers on the same cores (the head's part: {head_s:.2f} s of CPU a lane); "
        f"{1000 * gap:.0f} ms (median) from the end of a trial to the start of the lane's next"
    )
    what = f"lane efficiency, {len(slots)} lanes over SSH, {each} trials each of {TRIAL_S} s ({OLD_SYSTEM})"
    numbers = {
        "efficiency": held.efficiency,
        "efficiency_with_start": free.efficiency,
        "head_cpu_s_a_lane": head_s,
        "busy_s": held.busy_s,
        "gap_s": gap,
    }
    return Result((Line(what, told, "≥ 90 %", held.efficiency >= 0.90),), numbers)


def _phase(settings: Settings, slots: list[Slot], each: int, *, hold: bool) -> _Phase:
    """Run a budget on all lanes; with `hold`, no trial begins before every lane has been given one."""
    run_id = "held" if hold else "free"
    context = _deployed(settings, run_id, n_trials=each * len(slots))
    holds = [root / HOLD for root in _roots(settings)] if hold else []
    for file in holds:
        file.touch()
    _wait_for_threads()
    forks = Forks(len(slots), partial(_work, settings, run_id, slots))
    forks.wait_ready()
    if hold:
        while sum(ticket.attempts > 0 for ticket in context.ledger.tickets(run_id)) < len(slots):
            time.sleep(0.1)
    begun = time.time()
    for file in holds:
        file.unlink()
    head_cpu_s = forks.join()
    results = [ticket.result for ticket in context.ledger.tickets(run_id) if ticket.result]
    return _Phase(len(slots), begun, head_cpu_s, results)


def _roots(settings: Settings) -> list[Path]:
    return [Path(node.root) for node in load_inventory(settings.cluster_file, settings.transport).nodes]


def _deployed(settings: Settings, run_id: str, n_trials: int) -> RunContext:
    slow = slow_bundle()
    real = bundle.build
    bundle.build = lambda: slow  # the run ships workers that wait
    try:
        spec = RunSpec.from_conf({"n_trials": n_trials, "sample_size": 1000, "search": "random", "seed": 1})
        files = RunFiles.of(settings.runs_dir, run_id)
        context = prepare_pool_run(settings, run_id, spec, pool_of(20_000), files)
    finally:
        bundle.build = real
    shipment = shipment_of(context)
    for node in context.inventory().nodes:
        with connect(node) as transport:
            deploy(transport, shipment)
    return context


@retry(wait=wait_fixed(0.01), stop=stop_after_delay(10), reraise=True)
def _wait_for_threads() -> None:
    """Wait until SSH's threads have ended: a process forked while one holds a lock of OpenSSL waits for it for ever.

    Raises:
        RuntimeError: they have not, after ten seconds.
    """
    if psutil.Process().num_threads() > 1:
        raise RuntimeError(f"threads are still there: {threading.enumerate()}; lanes cannot be forked safely.")


def _gaps(results: Sequence[TrialResult]) -> Iterator[float]:
    """Return the seconds between the trials of each lane; a trial's start is told after it has waited."""
    ended: dict[tuple[str, int], datetime] = {}
    for result in sorted(results, key=lambda result: result.started_at):
        lane = (result.node, result.gpu)
        if lane in ended:
            yield (datetime.fromisoformat(result.started_at) - ended[lane]).total_seconds() - TRIAL_S
        ended[lane] = datetime.fromisoformat(result.finished_at)


def _work(settings: Settings, run_id: str, slots: list[Slot], number: int, ready: Ready) -> float:
    context = RunContext.load(run_id, settings)
    ready()
    before = time.process_time()
    trial_lane(context, slots[number])
    return time.process_time() - before
