"""`cluster check` verifies every node of the inventory, here all of them on this machine."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scorer_core.cluster import Node
from scorer_core.inventory import load_inventory
from scorer_core.transport.check import check_cluster, make_shipment
from scorer_core.transport.local import LocalTransport
from tests.scorer_core.cli.installation import Installation, the_only_line


def a_python(folder: Path, gpus: str) -> Path:
    """Return a Python for a node whose probe sees these GPUs."""
    path = folder / f"python-{gpus.replace(':', '-')}"
    path.write_text(f'#!/bin/sh\nSCORER_RIG_GPUS={gpus} exec {sys.executable} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def a_node(folder: Path, name: str, gpus: str, **changed: Any) -> dict[str, Any]:
    return {
        "name": name,
        "python": str(a_python(folder, gpus)),
        "root": str(folder / "roots" / name),
        "gpu": {"vendor": "nvidia", "count": 2},
        **changed,
    }


def an_inventory(folder: Path, *nodes: dict[str, Any]) -> Path:
    path = folder / "cluster.yaml"
    path.write_text(yaml.safe_dump({"nodes": list(nodes)}))
    return path


def cells(table: str) -> list[list[str]]:
    rows = [line.strip("│").split("│") for line in table.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in row] for row in rows]


@pytest.mark.slow
def test_a_fit_cluster_passes(installation: Installation, tmp_path: Path) -> None:
    nodes = [a_node(tmp_path, name, "nvidia:2") for name in ("head", "rig-1", "rig-2")]
    inventory = an_inventory(tmp_path, *nodes)

    done = installation.scorer("cluster", "check", transport="local", cluster_file=inventory)

    assert (done.exit_code, done.stderr) == (0, "")
    rows = cells(done.stdout)
    assert [row[0] for row in rows] == ["head", "rig-1", "rig-2"]
    for _, gpus, seen_by, python, _, status in rows:
        assert (gpus, seen_by, status) == ("2 nvidia", "SCORER_RIG_GPUS", "ok")
        assert python == sys.version.split()[0]


@pytest.mark.slow
def test_one_wrong_gpu_count_is_shown_beside_the_nodes_that_pass(installation: Installation, tmp_path: Path) -> None:
    nodes = a_node(tmp_path, "head", "nvidia:2"), a_node(tmp_path, "rig-1", "nvidia:3")
    inventory = an_inventory(tmp_path, *nodes)

    failed = installation.process("cluster", "check", transport="local", cluster_file=inventory)

    head, rig = cells(failed.stdout.decode())[:2]
    assert failed.returncode == 2
    assert the_only_line(failed.stderr.decode()) == (
        f"error: 1 of 2 nodes did not pass: rig-1. See the table. The inventory is {inventory}."
    )
    assert head[-1] == "ok"
    assert rig[-1].startswith("SCORER_RIG_GPUS sees 3 nvidia GPUs, the inventory says 2.")


def test_a_node_without_python_fails_with_a_message(installation: Installation, tmp_path: Path) -> None:
    inventory = an_inventory(tmp_path, a_node(tmp_path, "rig-1", "nvidia:2", python="/no/python3"))

    failed = installation.scorer("cluster", "check", transport="local", cluster_file=inventory)

    assert failed.exit_code == 2
    assert "failed with exit code 127" in failed.stdout
    assert the_only_line(failed.stderr).startswith("error: 1 of 1 nodes did not pass")


ODD = """#!/bin/sh
case " $* " in
*'"present"'*) exec {python} "$@" ;;
*" probe "*) printf '{said}\\n' ;;
*) exec {python} "$@" ;;
esac
"""
PROBE = '{{"gpus": {gpus}, "gpu_source": "\\\\u001b]0;owned\\\\u0007", "python": "3", "python_fits": true, '
PROBE += '"numpy": "2", "numpy_fits": true, "cores": 1}}'


@pytest.mark.slow
@pytest.mark.parametrize("said", [PROBE.format(gpus=2), PROBE.format(gpus=3), "\\033[2J", '{{"a\\033[2J": 1}}'])
def test_a_node_that_answers_oddly_moves_no_cursor_and_costs_no_other(
    installation: Installation, tmp_path: Path, said: str
) -> None:
    python = tmp_path / "odd"
    python.write_text(ODD.format(python=sys.executable, said=said))
    python.chmod(0o700)
    nodes = a_node(tmp_path, "head", "nvidia:2"), a_node(tmp_path, "rig-1", "nvidia:2", python=str(python))

    done = installation.process("cluster", "check", transport="local", cluster_file=an_inventory(tmp_path, *nodes))

    assert cells(done.stdout.decode())[0][-1] == "ok"
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\x07" not in done.stdout + done.stderr


def test_a_fault_at_one_node_is_shown_beside_the_others(tmp_path: Path) -> None:
    inventory = load_inventory(an_inventory(tmp_path, a_node(tmp_path, "rig-1", "nvidia:2")), "local")

    def connect(node: Node) -> LocalTransport:
        raise ZeroDivisionError(node.name)

    (check,) = check_cluster(inventory, connect)

    assert str(check.error) == "rig-1: ZeroDivisionError: rig-1"


@pytest.mark.slow
def test_every_check_ships_the_same_bytes(tmp_path: Path) -> None:
    """So nothing is pushed to a node that was checked before."""
    inventory = load_inventory(an_inventory(tmp_path, a_node(tmp_path, "rig-1", "nvidia:2")), "local")
    first, second = make_shipment(), make_shipment()

    pushed = [
        outcome.report.pushed for _ in (1, 2) for outcome in check_cluster(inventory, LocalTransport) if outcome.report
    ]

    assert (first.worker_sha256, first.pool_sha256) == (second.worker_sha256, second.pool_sha256)
    assert pushed == [("worker", "pool"), ()]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"transport": "pigeon"}, "SCORER_TRANSPORT: no transport 'pigeon' is installed; known are: local"),
        ({"cluster_file": "/none/cluster.yaml"}, "/none/cluster.yaml: no such inventory."),
        ({"cluster_file": "/nope"}, "/nope: no such inventory."),
        ({"cluster_file": "/etc/passwd/cluster.yaml"}, "/etc/passwd/cluster.yaml: cannot be read: Not a directory."),
    ],
)
def test_a_wrong_setting_is_one_line(
    installation: Installation, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    inventory = an_inventory(tmp_path, a_node(tmp_path, "rig-1", "nvidia:2"))
    given: dict[str, Any] = {"transport": "local", "cluster_file": inventory, **settings}

    failed = installation.scorer("cluster", "check", **given)

    assert (failed.exit_code, failed.stdout) == (2, "")
    assert the_only_line(failed.stderr).startswith(f"error: {message}")


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (lambda node: [node, node], "node rig-1 is listed more than once"),
        (lambda node: [{**node, "gpus": 2}], "node rig-1: gpus"),
        (lambda node: [{**node, "ssh": {"host": "x"}}], "node rig-1: ssh: user, key, host_key is missing"),
        (lambda node: [{**node, "gpu": {"count": 0}}], "node rig-1: gpu.count is 0"),
    ],
    ids=["duplicate", "unknown key", "half an address", "zero GPUs"],
)
def test_a_bad_inventory_is_one_line(installation: Installation, tmp_path: Path, nodes: Any, message: str) -> None:
    inventory = an_inventory(tmp_path, *nodes(a_node(tmp_path, "rig-1", "nvidia:2")))

    failed = installation.scorer("cluster", "check", transport="local", cluster_file=inventory)

    assert (failed.exit_code, failed.stdout) == (2, "")
    assert message in the_only_line(failed.stderr)
