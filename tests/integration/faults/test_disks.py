"""Given a rig whose disk is full, or cannot be written: it says so, spoils nothing, and the run goes on elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pytest

from scorer_airflow.ssh.transport import SshTransport
from scorer_core.context import RunContext
from scorer_core.errors import RigUnfit
from scorer_core.pool.survivors import Pool, pool_from_columns
from scorer_core.rig import journal
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind, TicketState
from scorer_core.scoring.sweep.table import size_of_table
from scorer_core.steps.collect import collect
from scorer_core.steps.deploy_worker import shipment_of
from scorer_core.transport import deploy
from sim.pools import PoolKind, make_pool
from sim.rigs.cluster import NodeSpec, SimCluster
from tests.integration.faults.disks import mount, small_disk
from tests.integration.faults.network import wait_until_no_worker
from tests.integration.faults.slow_worker import set_seconds, slow_workers
from tests.integration.rigs import Lanes, deploy_all, deploy_to, make_settings
from tests.support.prepared import prepared
from tests.support.sshd import OpenSshServer

FULL, GOOD = Slot("rig-full", 0), Slot("rig-good", 0)
PUBLISHED = b'{"published": "before"}\n'
MB = 1_000_000
TOO_SMALL, ENOUGH = 2 * MB, 8 * MB  # for worker, pool and table of 20,000 rows, the journals' reserve apart
BALLAST = "ballast"


@pytest.fixture(scope="module")
def pool() -> Pool:
    return pool_from_columns(make_pool(PoolKind.PLANTED, 20_000, seed=1), where="pool")


def fill(root: Path, keep: int = 0) -> None:
    """Write until nothing more goes onto the disk, then leave so many bytes of it free."""
    with (root / BALLAST).open("ab", buffering=0) as stream:
        with suppress(OSError):
            while stream.write(bytes(4096)):
                pass
        stream.truncate(stream.tell() - keep)


def publish_something(home: Path) -> Path:
    published = home / "published" / "optimal_scorer_config.json"
    published.parent.mkdir(parents=True, exist_ok=True)
    published.write_bytes(PUBLISHED)
    return published


def files_below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def put_in_place(root: Path) -> list[str]:
    return [name for name in files_below(root) if name.startswith(("workers/", "pools/"))]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OpenSshServer]:
    with OpenSshServer(tmp_path / "node", FULL.node, gpus=1) as server:
        yield server


@pytest.mark.fault("disk full on a rig before the push", servers="OpenSSH")
def test_deploy_refuses_a_disk_that_is_too_small_before_it_pushes(
    tmp_path: Path, pool: Pool, server: OpenSshServer, outcome: Callable[[str], None]
) -> None:
    published = publish_something(tmp_path / "home")
    context = prepared(
        make_settings(tmp_path / "home", [server.inventory_entry()]), pool, n_trials=5, search="tpe", seed=1
    )
    node, root = context.inventory().node(FULL.node), server.home / "scorer"
    shipment = shipment_of(context)
    table = size_of_table(len(shipment.pool()) // deploy.BYTES_PER_ROW, shipment.mask_policy)
    needed = len(shipment.worker()) + len(shipment.pool()) + table + deploy.RESERVE_BYTES

    with small_disk(root, TOO_SMALL):
        with pytest.raises(RigUnfit) as refused:
            deploy_to(node, shipment)
        left = files_below(root)

    assert f"{FULL.node}: 2 MB are free below {root}, the run needs {needed / MB:.0f} MB" in str(refused.value)
    assert left == []
    assert published.read_bytes() == PUBLISHED
    outcome("deploy refuses before it pushes anything, and says how much is free and how much is needed")


@pytest.mark.fault("disk full on a rig during the push", servers="OpenSSH")
def test_a_disk_that_fills_up_during_the_push_leaves_nothing_half_written_in_place(
    tmp_path: Path, pool: Pool, server: OpenSshServer, outcome: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    published = publish_something(tmp_path / "home")
    context = prepared(
        make_settings(tmp_path / "home", [server.inventory_entry()]), pool, n_trials=5, search="tpe", seed=1
    )
    node, root = context.inventory().node(FULL.node), server.home / "scorer"
    shipment = shipment_of(context)
    monkeypatch.setattr(deploy, "RESERVE_BYTES", 0)

    with small_disk(root, ENOUGH):
        with monkeypatch.context() as patch:
            patch.setattr(SshTransport, "put", put_once_the_disk_is_full(root, keep=40_960))
            with pytest.raises(RigUnfit) as failed:
                deploy_to(node, shipment)
        in_place = put_in_place(root)
        (root / BALLAST).unlink()
        healed = deploy_to(node, shipment)
        in_place_then = put_in_place(root)

    assert str(failed.value).startswith(f"{FULL.node}: cannot write {root}/incoming/")
    assert "Check the node's disk" in str(failed.value)
    assert in_place == []
    assert healed.pushed == ("worker", "pool")
    assert in_place_then == [f"pools/{shipment.pool_sha256}.npz", f"workers/{shipment.worker_sha256}/worker.pyz"]
    assert published.read_bytes() == PUBLISHED
    outcome("deploy fails on that node and names the disk; no half file is ever in place; with space again it deploys")


def put_once_the_disk_is_full(root: Path, keep: int) -> Callable[[SshTransport, bytes, PurePosixPath], None]:
    """Return an upload before which the disk fills up but for a few bytes: after deploy looked, before it writes."""
    real = SshTransport.put

    def put(transport: SshTransport, content: bytes, destination: PurePosixPath) -> None:
        fill(root, keep)
        real(transport, content, destination)

    return put


@pytest.mark.fault("read-only root on a rig", servers="OpenSSH")
def test_deploy_says_that_a_root_is_read_only(
    tmp_path: Path, pool: Pool, server: OpenSshServer, outcome: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    published = publish_something(tmp_path / "home")
    context = prepared(
        make_settings(tmp_path / "home", [server.inventory_entry()]), pool, n_trials=5, search="tpe", seed=1
    )
    node, root = context.inventory().node(FULL.node), server.home / "scorer"
    monkeypatch.setattr(deploy, "RESERVE_BYTES", 0)

    with small_disk(root, ENOUGH):
        assert mount("-o", "remount,ro", root).returncode == 0
        with pytest.raises(RigUnfit) as empty:
            deploy_to(node, shipment_of(context))
        assert mount("-o", "remount,rw", root).returncode == 0
        deploy_to(node, shipment_of(context))
        assert mount("-o", "remount,ro", root).returncode == 0
        with pytest.raises(RigUnfit) as deployed:
            deploy_to(node, shipment_of(context))

    for refused in (empty, deployed):
        assert refused.value.node == FULL.node
        assert "Read-only file system" in str(refused.value)
        assert str(root) in str(refused.value)
    assert published.read_bytes() == PUBLISHED
    outcome("deploy fails on that node with the words of its system, also when all files are there already")


@pytest.mark.fault("disk full on a rig during a journal append", servers="simulated")
def test_a_trial_that_cannot_be_journalled_goes_to_another_rig_and_the_full_rig_is_taken_out(
    tmp_path: Path, pool: Pool, outcome: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    n_trials = 60
    published = publish_something(tmp_path / "home")
    monkeypatch.setattr(deploy, "RESERVE_BYTES", 0)
    specs = [NodeSpec(slot.node, "nvidia", 1) for slot in (FULL, GOOD)]
    with SimCluster.start(None, tmp_path / "cluster", nodes=specs) as cluster, slow_workers():
        root = cluster.node(FULL.node).home / "scorer"
        context = prepared(
            make_settings(tmp_path / "home", cluster.inventory), pool, n_trials=n_trials, search="random", seed=3
        )
        with small_disk(root, ENOUGH):
            inventory = deploy_all(context)
            for node in cluster.nodes:
                set_seconds(node.home / "scorer", 0.1)
            lanes = Lanes(context, [FULL, GOOD])
            while results_of(context, FULL.node) < 3:
                time.sleep(0.01)
            fill(root)
            lanes.join()
            for node in cluster.nodes:
                wait_until_no_worker(node.home)
            (root / BALLAST).unlink()
            lines = (root / "runs" / "run-1" / "gpu0.jsonl").read_bytes().split(b"\n")
            collected = collect(context, inventory)

    failures = context.ledger.failures(context.run_id)
    assert {(failure.lane, failure.outcome) for failure in failures} == {(FULL.label, FailureKind.FAILED)}
    assert all(
        "the result could not be journalled: No space left on device. Check the disk." in failure.error
        for failure in failures
    )
    assert isinstance(lanes.errors[FULL.label], RigUnfit)
    assert "taken out of this run: 6 trials in a row failed" in str(lanes.errors[FULL.label])
    assert set(lanes.reports) == {GOOD.label}
    tickets = context.ledger.tickets(context.run_id)
    assert [ticket.number for ticket in tickets] == list(range(n_trials))
    assert {ticket.state for ticket in tickets} == {TicketState.DONE}
    moved = {failure.number for failure in failures}
    assert {ticket.result.node for ticket in tickets if ticket.result and ticket.number in moved} == {GOOD.node}
    results, torn = journal.parse(lines)
    assert len(results) == results_of(context, FULL.node), "the journal holds what was answered, and nothing else"
    assert torn <= 1
    assert (collected.executed, collected.collected, collected.torn_lines) == (n_trials, n_trials, torn)
    assert set(collected.taken_out) == {FULL.node}
    assert sum(collected.journalled.values()) == n_trials
    assert published.read_bytes() == PUBLISHED
    outcome(
        f"the trial fails with the worker's words and goes to another rig; the full rig is taken out: "
        f"{n_trials} of {n_trials} results, at most one torn line in the journal"
    )


def results_of(context: RunContext, node: str) -> int:
    tickets = context.ledger.tickets(context.run_id)
    return sum(ticket.result is not None and ticket.result.node == node for ticket in tickets)
