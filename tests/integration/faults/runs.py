"""Runs under faults: rigs of both kinds, lanes in threads or in a process of their own, and the final account."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
import tenacity
from optuna.trial import TrialState

from scorer_airflow.ssh.transport import SshTransport
from scorer_core.cluster import Inventory
from scorer_core.context import RunContext
from scorer_core.errors import Unreconciled
from scorer_core.ledger.records import Ticket, study_name
from scorer_core.pool.survivors import pool_from_columns
from scorer_core.publish.publisher import CONFIG_NAME
from scorer_core.rig import journal
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.collected import Collected
from scorer_core.run.slot import Slot
from scorer_core.run.trials import Failure, TicketState
from scorer_core.settings import load_settings
from scorer_core.steps.collect import collect
from sim.pools import PoolKind, make_pool
from sim.rigs.cluster import NodeSpec, SimCluster
from sim.rigs.processes import is_alive
from tests.integration.faults.bring import bring_to_all
from tests.integration.rigs import Lanes, make_settings
from tests.support.prepared import prepared
from tests.support.sshd import OpenSshServer
from tests.support.waiting import eventually

ROWS = 3_000
RUN = "run-1"
SILENCE_S = 3.0  # a new worker starts in it, on a busy machine, too
PATIENCE_S = 30.0
PUBLISHED = b'{"published": "before the fault"}\n'
_REPOSITORY = Path(__file__).parents[3]
_CONNECT_PAUSE_S = 0.2


@dataclass
class Rigs:
    """Servers that are up: a simulated cluster and OpenSSH, and the inventory's entries, for a test to change."""

    folder: Path
    cluster: SimCluster
    openssh: dict[str, OpenSshServer]
    entries: list[dict[str, Any]] = field(default_factory=list)

    def entry(self, name: str) -> dict[str, Any]:
        """Return the entry of a node."""
        return next(entry for entry in self.entries if entry["name"] == name)

    def root(self, name: str) -> Path:
        """Return the folder that we own on a node."""
        return Path(self.entry(name)["root"])

    def roots(self) -> list[Path]:
        """Return the folders that we own on all nodes."""
        return [Path(entry["root"]) for entry in self.entries]

    def kill(self, name: str) -> None:
        """Cut a node's power, for good where it is OpenSSH."""
        if name in self.openssh:
            self.openssh[name].stop()
        else:
            self.cluster.kill(name)


@contextmanager
def rigs_up(
    folder: Path,
    *simulated: str | NodeSpec,
    openssh: Sequence[str] = (),
    gpus: int = 1,
    hasty: bool = True,
    programs: Path | None = None,
) -> Iterator[Rigs]:
    """Start simulated nodes and OpenSSH servers; a hasty head connects again after moments, not seconds.

    With a folder of `programs`, the OpenSSH servers ask a driver's program there for their GPUs.
    """
    specs = [spec if isinstance(spec, NodeSpec) else NodeSpec(spec, "nvidia", gpus) for spec in simulated]
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        if hasty:
            patch.setattr(SshTransport._client.retry, "wait", tenacity.wait_fixed(_CONNECT_PAUSE_S))
        home = folder / "cluster"
        cluster = stack.enter_context(SimCluster.start(None, home, nodes=specs) if specs else SimCluster(home, []))
        servers = [
            stack.enter_context(OpenSshServer(folder / name, name, gpus=gpus, programs=programs)) for name in openssh
        ]
        entries = [node.inventory_entry() for node in cluster.nodes] + [server.inventory_entry() for server in servers]
        yield Rigs(folder, cluster, {server.name: server for server in servers}, entries)


@dataclass(frozen=True)
class Run:
    """A prepared run on rigs."""

    rigs: Rigs
    context: RunContext

    @property
    def inventory(self) -> Inventory:
        return self.context.inventory()

    def tickets(self) -> list[Ticket]:
        return self.context.ledger.tickets(RUN)

    def failures(self) -> list[Failure]:
        return self.context.ledger.failures(RUN)

    def done(self) -> int:
        return self.context.ledger.counts(RUN)[TicketState.DONE]

    def done_on(self, node: str) -> list[TrialResult]:
        return [ticket.result for ticket in self.tickets() if ticket.result and ticket.result.node == node]

    def journalled(self, node: str) -> list[TrialResult]:
        """Return what the journals on a node hold, in the order it was written."""
        return journal.read_run(self.rigs.root(node) / "runs" / RUN)

    def slots(self, *names: str) -> list[Slot]:
        """Return a slot for each GPU of the named nodes, or of all."""
        return [
            Slot(node.name, gpu)
            for node in self.inventory.nodes
            if not names or node.name in names
            for gpu in range(node.slots)
        ]

    def lanes(self, *names: str) -> Lanes:
        """Start lanes on the named nodes, or on all."""
        return Lanes(self.context, self.slots(*names))

    def wait_for_workers(self, *names: str, trials_before: int = 0) -> list[psutil.Process]:
        """Return the workers of the named nodes once each has been sent a trial, in the order of the names."""
        lanes = {slot.label for slot in self.slots(*names)}

        def computing() -> bool:
            held = {ticket.lane for ticket in self.tickets() if ticket.state is TicketState.LEASED and ticket.params}
            return lanes <= held and self.done() >= trials_before

        until(computing, "a lane has no trial")
        time.sleep(0.3)  # the parameters are written a moment before they are sent
        found = [process for name in names for process in workers_at(self.rigs.root(name))]
        workers = [process for process in found if "serve" in _words(process)]  # not a look at a GPU
        assert len(workers) == len(lanes), "one worker for each lane"
        return workers


def start_run(rigs: Rigs, *, workers: AbstractContextManager[None] | None = None, **options: Any) -> Run:
    """Prepare a run, with something published before; settings are given as `settings`, the rest is the conf.

    No worker looks at its GPU unless a test says so: each look is a process.
    """
    pool = pool_from_columns(make_pool(PoolKind.PLANTED, ROWS, seed=1), where="pool")
    changes = {"silence_s": SILENCE_S, "reconnect_s": 5.0, "health_s": 0.0, **options.pop("settings", {})}
    settings = make_settings(rigs.folder / "home", rigs.entries, **changes)
    conf = {"n_trials": 12, "sample_size": None, "search": "random", "seed": 3, **options}
    with workers or nullcontext():
        context = prepared(settings, pool, RUN, **conf)
    settings.publish_dir.mkdir(parents=True, exist_ok=True)
    (settings.publish_dir / CONFIG_NAME).write_bytes(PUBLISHED)
    return Run(rigs, context)


def deployed_run(rigs: Rigs, only: Collection[str] = (), **options: Any) -> Run:
    """Prepare a run and deploy it to every node, or to some; the same is deployed to a kind of server once."""
    run = start_run(rigs, **options)
    bring_to_all(run.context, only)
    return run


def assert_complete(run: Run, *, failed: Collection[int] = ()) -> Collected:
    """Collect, and assert the invariants: each ticket once, none lost, nothing left behind, nothing published."""
    outcome = collect(run.context, run.inventory)
    budget = run.context.spec.n_trials
    assert (outcome.budget, outcome.executed, outcome.failed) == (budget, budget - len(failed), len(failed))
    assert {ticket.number for ticket in run.tickets() if ticket.state is TicketState.FAILED} == set(failed)
    _assert_recorded_once(run)
    assert_left_clean(run)
    return outcome


def assert_refused(run: Run, match: str) -> Unreconciled:
    """Assert that collect fails the run with its reason, and that nothing was made up, left behind or published."""
    with pytest.raises(Unreconciled, match=match) as refusal:
        collect(run.context, run.inventory)
    _assert_recorded_once(run)
    assert_left_clean(run)
    return refusal.value


def assert_left_clean(run: Run) -> None:
    """Assert that no process is left on any rig and that what is published is what was."""
    for root in run.rigs.roots():
        until(lambda root=root: not workers_at(root), f"processes are left at {root}")  # type: ignore[misc]
    folder = run.context.settings.publish_dir
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == [CONFIG_NAME]
    assert (folder / CONFIG_NAME).read_bytes() == PUBLISHED


def _assert_recorded_once(run: Run) -> None:
    tickets = run.tickets()
    assert [ticket.number for ticket in tickets] == list(range(run.context.spec.n_trials))
    done = {ticket.number: ticket for ticket in tickets if ticket.state is TicketState.DONE}
    study = optuna.load_study(study_name=study_name(RUN), storage=run.context.settings.database_url)
    complete = {trial.number: trial for trial in study.get_trials() if trial.state is TrialState.COMPLETE}
    assert complete.keys() == done.keys()
    for number, ticket in done.items():
        assert ticket.result is not None
        assert complete[number].value == ticket.result.evaluation["objective"]
        assert complete[number].params | study.user_attrs["fixed"] == ticket.params
    unread = run.context.files.collected.read_json()["unreachable"]
    for name in (entry["name"] for entry in run.rigs.entries):
        counts = Counter(result.trial_number for result in run.journalled(name))
        assert name in unread or set(counts) <= set(done), "what is journalled is recorded"
        assert set(counts.values()) <= {1}, "no rig computed a trial twice"


def workers_at(root: Path) -> list[psutil.Process]:
    """Return the running processes that name a node's root on their command line, by process id."""
    found = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(root) in word for word in process.info["cmdline"] or ()) and is_alive(process)
    ]
    return sorted(found, key=lambda process: process.pid)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def until(condition: Callable[[], object], complaint: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait until a condition holds."""
    assert eventually(condition, timeout_s, pause_s=0.05), f"{complaint} after {timeout_s:g} s"


@contextmanager
def lanes_in_a_process(run: Run) -> Iterator[subprocess.Popen[bytes]]:
    """Run all lanes in a process of their own, as on a head node that is about to fail."""
    argv = [sys.executable, "-m", "tests.integration.faults.runs"]
    path = os.pathsep.join([str(_REPOSITORY), str(_REPOSITORY / "plugins")])
    environ = {**os.environ, **run.context.settings.environment(), "PYTHONPATH": path}
    with subprocess.Popen(argv, cwd=_REPOSITORY, env=environ, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def _main() -> None:
    context = RunContext.load(RUN, load_settings())
    Lanes(context, [Slot(node.name, gpu) for node in context.inventory().nodes for gpu in range(node.slots)]).join()


if __name__ == "__main__":
    _main()
