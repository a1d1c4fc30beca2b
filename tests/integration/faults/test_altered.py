"""Given rigs that are not what the inventory or the deployment made them: refused, with the reason."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scorer_airflow.ssh.connect import connect
from scorer_core.errors import (
    AuthenticationFailed,
    ChecksumMismatch,
    FinalRigError,
    GpuCountMismatch,
    HostKeyMismatch,
    RigUnfit,
)
from scorer_core.steps.clean_artifacts import clean_command
from scorer_core.steps.deploy_worker import shipment_of
from sim.rigs.cluster import NodeSpec
from sim.rigs.keys import make_key_pair
from tests.integration.faults.runs import (
    Rigs,
    Run,
    assert_complete,
    assert_left_clean,
    deployed_run,
    rigs_up,
    start_run,
)
from tests.integration.rigs import deploy_all, deploy_to

Note = Callable[[str], None]
BOTH = ("rig-sim", "rig-ssh")


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Rigs]:
    """One simulated node and one OpenSSH server, two GPUs each."""
    with rigs_up(tmp_path, "rig-sim", openssh=["rig-ssh"], gpus=2) as rigs:
        yield rigs


def shipped(run: Run, name: str) -> dict[str, Path]:
    """Return where worker and pool are on a node."""
    root, record = run.rigs.root(name), run.context.record
    worker = root / "workers" / record.worker_sha256 / "worker.pyz"
    return {"worker": worker, "pool": root / "pools" / f"{record.pool_sha256}.npz"}


def alter(path: Path) -> None:
    """Change one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def refused(run: Run, name: str, kind: type[FinalRigError]) -> str:
    """Deploy to a node, assert that it is refused for good and that nothing is left, and return the message."""
    with pytest.raises(kind) as refusal:
        deploy_to(run.inventory.node(name), shipment_of(run.context))
    assert refusal.value.node == name
    assert run.done() == 0
    assert_left_clean(run)
    return str(refusal.value)


@pytest.mark.fault("worker and pool on a rig altered by one byte before deploy", servers="both")
def test_altered_files_are_found_and_pushed_anew_by_deploy(both: Rigs, outcome: Note) -> None:
    run = deployed_run(both)
    for name in BOTH:
        for path in shipped(run, name).values():
            alter(path)

    reports = [deploy_to(node, shipment_of(run.context)) for node in run.inventory.nodes]
    run.lanes().join()

    assert [report.pushed for report in reports] == [("worker", "pool")] * 2
    assert_complete(run)
    outcome("hashed on the rig before every run: pushed anew, and the run completes")


@pytest.mark.fault("worker or table on a rig altered by one byte after deploy", servers="both")
def test_files_that_are_altered_after_deploy_are_never_run(both: Rigs, outcome: Note) -> None:
    run = deployed_run(both)
    root = shipped(run, "rig-sim")["pool"].parents[1]
    alter(*root.glob("tables/*.table"))
    good = shipped(run, "rig-ssh")["worker"].read_bytes()
    shipped(run, "rig-ssh")["worker"].chmod(0o600)
    shipped(run, "rig-ssh")["worker"].write_bytes(good + b"\0")  # still a zip that Python would run

    lanes = run.lanes()
    lanes.join()

    assert {label: type(error) for label, error in lanes.errors.items()} == {
        slot.label: ChecksumMismatch for slot in run.slots()
    }
    assert "table is torn or altered" in str(lanes.errors["rig-sim · gpu 0"])
    assert "Clear deploy_worker to make it again" in str(lanes.errors["rig-sim · gpu 0"])
    assert "the worker on the rig has SHA-256" in str(lanes.errors["rig-ssh · gpu 0"])
    assert "clear the task deploy_worker to push it again" in str(lanes.errors["rig-ssh · gpu 0"])
    assert run.done() == 0
    deploy_all(run.context)
    run.lanes().join()
    assert_complete(run)
    outcome("ChecksumMismatch before the first trial, final; the run completes once deploy_worker is cleared")


@pytest.mark.fault("host key of a rig changed", servers="both")
def test_a_changed_host_key_is_refused(both: Rigs, outcome: Note) -> None:
    run = start_run(both)
    key = both.cluster.node("rig-sim").folder / "host_key"
    key.unlink()
    make_key_pair(key)
    both.cluster.restart("rig-sim")
    other = make_key_pair(both.folder / "other_key").public
    run.context.settings.cluster_file.write_text(
        run.context.settings.cluster_file.read_text().replace(both.entry("rig-ssh")["ssh"]["host_key"], other)
    )

    for name in BOTH:
        message = refused(run, name, HostKeyMismatch)
        assert "the host key is not the one in the inventory" in message
        assert "the node shows SHA256:" in message
        assert "if not, do not connect" in message
    lanes = run.lanes()
    lanes.join()
    assert {type(error) for error in lanes.errors.values()} == {HostKeyMismatch}
    assert run.done() == 0
    outcome("HostKeyMismatch, final, for deploy and lanes; nothing is sent; the message says how to compare the keys")


@pytest.mark.fault("wrong user in the inventory", servers="both")
def test_a_wrong_user_is_refused(both: Rigs, outcome: Note) -> None:
    for name in BOTH:
        both.entry(name)["ssh"]["user"] = "nobody-here"
    run = start_run(both)

    for name in BOTH:
        message = refused(run, name, AuthenticationFailed)
        assert "user 'nobody-here' or its key was refused. Check `user` and `key`" in message
        assert "PRIVATE" not in message
    outcome("AuthenticationFailed, final, after one attempt; the message names the user and no key")


@pytest.mark.fault("GPU count of a rig is not the inventory's", servers="both")
def test_a_wrong_gpu_count_is_refused_with_both_numbers(tmp_path: Path, outcome: Note) -> None:
    missing_card = NodeSpec("rig-sim", "amd", gpus=8, gpus_seen=7)
    with rigs_up(tmp_path, missing_card, openssh=["rig-ssh"]) as rigs:
        rigs.entry("rig-ssh")["gpu"]["count"] = 3
        run = start_run(rigs)

        assert "sees 7 amd GPUs, the inventory says 8" in refused(run, "rig-sim", GpuCountMismatch)
        assert "sees 1 nvidia GPUs, the inventory says 3" in refused(run, "rig-ssh", GpuCountMismatch)
        outcome("GpuCountMismatch, final, with both numbers")


@pytest.mark.fault("numpy missing on a rig", servers="both")
def test_a_rig_without_numpy_is_unfit(both: Rigs, outcome: Note) -> None:
    wrapper = both.folder / "python-without-site-packages"
    wrapper.write_text(f"#!/bin/sh\nexec '{sys.executable}' -S \"$@\"\n")
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    for name in BOTH:
        both.entry(name)["python"] = str(wrapper)
    run = start_run(both)

    for name in BOTH:
        message = refused(run, name, RigUnfit)
        assert "numpy is not importable" in message
        assert f"install 1.24 or newer for {wrapper}" in message
    outcome("RigUnfit, final: says which Python lacks it, and which version it needs")


@pytest.mark.fault("half-uploaded pool left by an earlier run", servers="both")
def test_a_half_uploaded_pool_is_not_used_and_later_removed(both: Rigs, outcome: Note) -> None:
    run = start_run(both)
    pool = run.context.files.pool.read_bytes()
    left = [
        both.root(name) / "incoming" / f"{run.context.record.pool_sha256[:16]}.{age}" for name in BOTH for age in "on"
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pool[: len(pool) // 2])
        if path.suffix == ".o":
            two_hours_ago = time.time() - 7200
            os.utime(path, (two_hours_ago, two_hours_ago))

    reports = [deploy_to(node, shipment_of(run.context)) for node in run.inventory.nodes]
    run.lanes().join()

    assert [report.pushed for report in reports] == [("worker", "pool")] * 2
    assert_complete(run)
    assert [path.exists() for path in left] == [True] * 4
    for node in run.inventory.nodes:
        clean(run, node)
    assert [path.exists() for path in left] == [False, True] * 2, "one that is young may be under way"
    outcome("ignored, for names carry the checksum and appear by rename; removed by clean_artifacts after an hour")


def clean(run: Run, node: Any) -> None:
    with connect(node) as transport:
        assert transport.run(clean_command(run.context, node)).exit_code == 0
