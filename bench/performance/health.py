"""What a rig's looks at itself cost: a deployment, and a working lane, with them and without, in turn over SSH.

On the system's own sshd, and on a simulated rig, whose server is a Python program on the same cores.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import yaml

from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from bench.performance.trial import random_requests
from scorer_airflow.ssh.connect import connect
from scorer_core.context import RunContext
from scorer_core.rig.health.check import Finding
from scorer_core.run.folder import RunFiles
from scorer_core.run.slot import Slot
from scorer_core.settings import Settings
from scorer_core.spec import RunSpec
from scorer_core.steps.deploy_worker import shipment_of
from scorer_core.steps.prepare_run import prepare_pool_run
from scorer_core.transport import deploy as deployment
from scorer_core.transport.port import RigTransport
from scorer_core.transport.session import WorkerSession
from sim.rigs.cluster import NodeSpec, SimCluster

OPENSSH, SIMULATED = "OpenSSH", "a simulated rig"
SERVERS = (OPENSSH, SIMULATED)
ROWS, GPUS, PAIRS = 44_647, 8, 9
DRIVER_S = 0.2
_EVERY_S, _USUAL_S = 1.0, 30.0
_SLOWER_S, _SHARE = 1.0, 0.01
_PROGRAM = """#!/bin/sh
sleep {seconds}
row() {{ echo "$1, 00000000:0$1:00.0, 60, 50, Not Active, Not Active, [N/A]"; }}
case "$*" in
*compute-apps*) ;;
-L) for gpu in {gpus}; do echo "GPU $gpu: made"; done ;;
*--id=*) for word in "$@"; do case "$word" in --id=*) row "${{word#--id=}}" ;; esac; done ;;
*) for gpu in {gpus}; do row $gpu; done ;;
esac
"""


def measure(size: Size) -> Result:
    """Deploy, and run trials on one lane, in pairs: with looks and without, each first in every other pair."""
    found = [_measured_on(server, size) for server in SERVERS]
    return Result(
        tuple(line for lines, _ in found for line in lines),
        {name: one[1] for name, one in zip(SERVERS, found, strict=True)},
    )


def _measured_on(server: str, size: Size) -> tuple[tuple[Line, ...], dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder, _deployed(Path(folder), server) as (context, transport):
        deploys = _pairs(size.of(PAIRS, 1), partial(_deploy_s, context, transport))
        lane = _Lane(context, transport, size.of(800, 50))
        rates = _pairs(size.of(PAIRS, 1), lane.seconds)
    slower = sorted(with_it - without for with_it, without in deploys)
    share = median(with_it / without - 1 for with_it, without in rates)
    usual = share * _EVERY_S / _USUAL_S
    lines = (
        Line(
            f"a deployment with its health checks against one without, {GPUS} GPUs, a driver that takes {DRIVER_S} s; "
            f"{server}",
            f"{median(one for one, _ in deploys):.2f} against {median(one for _, one in deploys):.2f} s: "
            f"{median(slower):.2f} s longer (median of {len(slower)} pairs, {slower[0]:.2f} to {slower[-1]:.2f})",
            f"≤ {_SLOWER_S:g} s",
            median(slower) <= _SLOWER_S,
        ),
        Line(
            f"a lane that looks at its GPU every {_EVERY_S:g} s against one that never does; {server}",
            f"{share:+.1%} time for the same trials (median of {len(rates)} pairs); every {_USUAL_S:g} s, the default, "
            f"{usual:+.2%}",
            f"≤ {_SHARE:.0%} every {_USUAL_S:g} s",
            usual <= _SHARE,
        ),
    )
    return lines, {"deploys_s": deploys, "lane_s": rates, "slower_s": median(slower), "share_of_lane": usual}


def _pairs(count: int, seconds: Callable[[bool], float]) -> list[tuple[float, float]]:
    """Return the seconds with looks, and without, of each pair."""
    found = []
    for place in range(count):
        order = (True, False) if place % 2 else (False, True)
        taken = {looks: seconds(looks) for looks in order}
        found.append((taken[True], taken[False]))
    return found


@contextmanager
def _deployed(folder: Path, server: str) -> Iterator[tuple[RunContext, RigTransport]]:
    """Start a rig whose driver is a program, and deploy a run to it over a connection that stays open."""
    programs = folder / "bin"
    _write_programs(programs)
    with _openssh(folder, programs) if server == OPENSSH else _simulated(folder, programs) as entry:
        inventory = folder / "cluster.yaml"
        inventory.write_text(yaml.safe_dump({"nodes": [entry]}))
        settings = Settings.model_validate({"home": folder / "home", "cluster_file": inventory})
        spec = RunSpec.from_conf({"n_trials": 10, "sample_size": 5000, "search": "random", "seed": 1})
        files = RunFiles.of(settings.runs_dir, "run")
        context = prepare_pool_run(settings, "run", spec, pool_of(ROWS), files)
        with connect(context.inventory().node(str(entry["name"]))) as transport:
            deployment.deploy(transport, shipment_of(context))
            yield context, transport


@contextmanager
def _openssh(folder: Path, programs: Path) -> Iterator[dict[str, Any]]:
    """Yield the inventory's entry of a rig behind the system's sshd."""
    from tests.support.sshd import OpenSshServer  # the tests' own server, wanted by this benchmark alone

    with OpenSshServer(folder / "server", gpus=GPUS, programs=programs) as server:
        yield server.inventory_entry()


@contextmanager
def _simulated(folder: Path, programs: Path) -> Iterator[dict[str, Any]]:
    """Yield the entry of a simulated rig, with a Python that sees the programs in place of what stands in for GPUs."""
    with SimCluster.start(None, folder / "rigs", nodes=[NodeSpec("rig", "nvidia", GPUS)]) as cluster:
        yield {**cluster.nodes[0].inventory_entry(), "python": str(programs / "python")}


def _write_programs(folder: Path) -> None:
    """Write a driver's program, and a Python beside it that finds it."""
    folder.mkdir()
    gpus = " ".join(str(gpu) for gpu in range(GPUS))
    python = f'#!/bin/sh\nunset SCORER_RIG_GPUS\nPATH={folder}:$PATH exec {sys.executable} "$@"\n'
    for name, text in (("python", python), ("nvidia-smi", _PROGRAM.format(seconds=DRIVER_S, gpus=gpus))):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


def _deploy_s(context: RunContext, transport: RigTransport, looks: bool) -> float:
    shipment = shipment_of(context)
    with nullcontext() if looks else patch.object(deployment, "looking", return_value=nullcontext(list)):
        started = time.perf_counter()
        deployment.deploy(transport, shipment)
        return time.perf_counter() - started


class _Lane:
    """Runs so many trials on the first GPU, each time other ones: none that a journal knows."""

    def __init__(self, context: RunContext, transport: RigTransport, trials: int) -> None:
        self._context, self._transport, self._trials = context, transport, trials
        self._first = 0

    def seconds(self, looks: bool) -> float:
        """Return how long the trials take, from the first one's start; the worker's start does not count."""
        run = self._context.record
        session = WorkerSession.start(
            *(self._transport, Slot(self._transport.node.name, 0)),
            run_id=run.run_id,
            worker_sha256=run.worker_sha256,
            pool_sha256=run.pool_sha256,
            silence_s=20.0,
            cache_mb=self._context.settings.rig_cache_mb,
            health_s=_EVERY_S if looks else 0.0,
            on_health=_unheard,
        )
        requests = random_requests(self._trials, run.spec.sample_size)
        try:
            if looks:
                session.first_look()
            started = time.perf_counter()
            for place, request in enumerate(requests):
                session.run(replace(request, trial_number=self._first + place), 60.0)
            return time.perf_counter() - started
        finally:
            self._first += self._trials
            session.close()


def _unheard(_findings: Sequence[Finding]) -> None:
    return None
