"""Given a simulated cluster: it starts whole, dies when told to, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import paramiko
import psutil
import pytest
import yaml

from scorer_core.inventory import load_inventory
from sim.rigs.cluster import NodeSpec, SimCluster, SimNode, SimulationError
from tests.sim.rigs.client import connect, listens, open_exec, read_pids, run
from tests.support.processes import runs
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[3]
TWO_NODES = [NodeSpec("head", "nvidia", 2, head=True), NodeSpec("rig-a", "amd", 8)]

# A worker waiting for input, a daemon in a session of its own, and one that has even lost the environment.
THREE_PROCESSES = (
    "echo $$ >> {pids}; (setsid sh -c 'echo $$ >> {pids}; exec sleep 60' &) </dev/null >/dev/null 2>&1;"
    "(env -i setsid sh -c 'echo $$ >> {pids}; exec sleep 60' &) </dev/null >/dev/null 2>&1; cat"
)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[SimCluster]:
    """A cluster for one test to destroy."""
    with SimCluster.start(None, tmp_path / "own", nodes=TWO_NODES) as running:
        yield running


def occupy(node: SimNode, client: paramiko.SSHClient, folder: Path) -> tuple[paramiko.Channel, list[int]]:
    pids = folder / f"pids-{node.name}"
    channel = open_exec(client, THREE_PROCESSES.format(pids=pids))
    found = read_pids(pids, 3)
    assert all(runs(pid) for pid in found)
    return channel, found


def test_the_inventory_lists_each_node_completely(own: SimCluster) -> None:
    nodes = yaml.safe_load(own.inventory.read_text())["nodes"]
    assert [(node["name"], node["gpu"], node.get("head", False)) for node in nodes] == [
        ("head", {"vendor": "nvidia", "count": 2}, True),
        ("rig-a", {"vendor": "amd", "count": 8}, False),
    ]
    for entry in nodes:
        node = own.node(entry["name"])
        address = {"host": "127.0.0.1", "port": node.port, "user": node.user}
        assert entry["ssh"] == {**address, "host_key": node.host_key, "key": str(node.key)}
        assert entry["python"] == sys.executable
        assert entry["root"] == str(node.home / "scorer")
        assert (entry["max_concurrent"], entry["start_stagger_s"]) == (entry["gpu"]["count"], 0.0)


def test_the_inventory_is_one_that_the_product_accepts(own: SimCluster) -> None:
    nodes = load_inventory(own.inventory, "ssh").nodes
    assert [(node.name, node.slots, node.head) for node in nodes] == [("head", 2, True), ("rig-a", 8, False)]


def test_folders_and_private_keys_are_their_owners_alone(own: SimCluster) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert mode(own.folder) == 0o700
    assert mode(own.folder / "client_key") == 0o600
    assert {mode(node.folder / "host_key") for node in own.nodes} == {0o600}


def test_the_clusters_of_two_demos_share_nothing(own: SimCluster, tmp_path: Path) -> None:
    with SimCluster.start(None, tmp_path / "other", nodes=TWO_NODES) as other:
        ports = [node.port for node in (*own.nodes, *other.nodes)]
        assert len(set(ports)) == 4
        with pytest.raises(paramiko.BadHostKeyException), connect(own.node("head"), other.node("head").host_key):
            pytest.fail("one demo's node passed for the other's")
    with connect(own.node("head")) as client:
        assert run(client, "echo here").stdout == b"here\n"


def test_a_killed_node_takes_every_process_with_it_and_the_other_nodes_live_on(own: SimCluster, tmp_path: Path) -> None:
    rig = own.node("rig-a")
    server = rig.pid
    with connect(rig) as client, connect(own.node("head")) as neighbour:
        channel, pids = occupy(rig, client, tmp_path)
        own.kill("rig-a")
        assert not any(runs(pid) for pid in [server, *pids])
        assert channel.recv_exit_status() == -1, "the client heard of an end that a power cut cannot tell of"
        assert not listens(rig.port)
        assert run(neighbour, "echo alive").stdout == b"alive\n"
    own.kill("rig-a")  # a second time is no error
    with pytest.raises(SimulationError, match="rig-a: the simulated node is down"):
        _ = rig.pid


def test_no_command_of_a_killed_node_gets_to_react(own: SimCluster, tmp_path: Path) -> None:
    rig = own.node("rig-a")
    with connect(rig) as client:
        command = f"trap '' PIPE; echo $$ >> {tmp_path / 'pids'}; cat; echo > {tmp_path}/reacted-"
        channels = [open_exec(client, f"{command}{number}") for number in range(24)]
        read_pids(tmp_path / "pids", 24)
        own.kill("rig-a")
        assert {channel.recv_exit_status() for channel in channels} == {-1}
    assert list(tmp_path.glob("reacted-*")) == []


def test_a_node_whose_server_crashed_leaves_nothing_when_it_is_killed(own: SimCluster, tmp_path: Path) -> None:
    rig = own.node("rig-a")
    with connect(rig) as client:
        channel = open_exec(client, f"trap '' PIPE; echo $$ > {tmp_path / 'pid'}; while :; do sleep 0.05; done")
        (orphan,) = read_pids(tmp_path / "pid", 1)
        os.kill(rig.pid, signal.SIGKILL)
        assert eventually(lambda: not rig.running)
        assert runs(orphan)
        own.kill("rig-a")
        assert eventually(lambda: not runs(orphan))
        channel.close()


def test_a_restarted_node_keeps_port_host_key_and_home(own: SimCluster) -> None:
    rig = own.node("rig-a")
    before = (rig.port, rig.host_key)
    (rig.home / "kept").write_text("on disk")
    for _ in range(2):  # down, then up
        own.restart("rig-a")
        assert (rig.port, rig.host_key) == before
        with connect(rig) as client:
            assert run(client, 'cat kept; echo " $SCORER_RIG_GPUS"').stdout == b"on disk amd:8\n"
    own.kill("rig-a")
    own.restart("rig-a")
    with connect(rig) as client:
        assert run(client, "cat kept").stdout == b"on disk"


def test_a_server_told_to_end_takes_everything_with_it(own: SimCluster, tmp_path: Path) -> None:
    rig = own.node("rig-a")
    with connect(rig) as client:
        channel, pids = occupy(rig, client, tmp_path)
        os.kill(rig.pid, signal.SIGTERM)
        assert eventually(lambda: not rig.running)
        assert not any(runs(pid) for pid in pids)
        assert channel.recv_exit_status() == -1


def test_stop_leaves_no_process_and_no_port(tmp_path: Path) -> None:
    cluster = SimCluster.start(None, tmp_path / "cluster", nodes=TWO_NODES)
    rig = cluster.node("rig-a")
    servers = [node.pid for node in cluster.nodes]
    with connect(rig) as client:
        _, pids = occupy(rig, client, tmp_path)
        cluster.stop()
    assert not any(runs(pid) for pid in [*servers, *pids])
    assert not any(listens(node.port) for node in cluster.nodes)
    assert not {child.pid for child in psutil.Process().children(recursive=True)} & {*servers, *pids}
    cluster.stop()


def test_a_server_that_hangs_is_stopped_all_the_same(own: SimCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.rigs.node._TERM_S", 0.3)
    server = own.node("rig-a").pid
    os.kill(server, signal.SIGSTOP)
    own.stop()
    assert not runs(server)


STARTER = """
import json, os, sys
from pathlib import Path
from scorer_core.inventory import load_inventory
from sim.rigs.cluster import NodeSpec, SimCluster

cluster = SimCluster.start(None, Path(sys.argv[1]), nodes=[NodeSpec("head", "nvidia", 2), NodeSpec("rig-a", "amd", 8)])
fork = os.fork() if sys.argv[2] == "forked" else 0
if fork or sys.argv[2] == "alone":
    print(json.dumps([node.pid for node in cluster.nodes]), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["alone", "forked"], ids=["alone", "with a fork that holds its pipes open"])
def test_when_the_starter_is_killed_its_servers_and_their_commands_end(kind: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path / "cluster"), kind],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as starter:
        assert starter.stdout is not None
        servers = json.loads(starter.stdout.readline())
        ports = [n["ssh"]["port"] for n in yaml.safe_load((tmp_path / "cluster/cluster.yaml").read_text())["nodes"]]
        commands = [child.pid for pid in servers for child in psutil.Process(pid).children()]
        starter.kill()
        starter.wait(5)
        try:
            assert eventually(lambda: not any(runs(pid) for pid in [*servers, *commands]))
            assert not any(listens(port) for port in ports)
        finally:
            if kind == "forked":
                os.killpg(starter.pid, signal.SIGKILL)


def test_a_node_that_cannot_start_says_so_with_the_end_of_its_log(own: SimCluster) -> None:
    (own.node("rig-a").folder / "host_key").write_text("not a key")
    with pytest.raises(SimulationError, match=r"(?s)rig-a: the simulated node ended at its start.*Invalid private key"):
        own.restart("rig-a")


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(SimulationError, match="not empty"):
        SimCluster.start(None, tmp_path, nodes=TWO_NODES)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_node_may_see_other_gpus_than_the_inventory_states(tmp_path: Path) -> None:
    with SimCluster.start(None, tmp_path / "c", nodes=[NodeSpec("liar", "amd", 12, gpus_seen=8)]) as cluster:
        assert cluster.node("liar").inventory_entry()["gpu"]["count"] == 12
        with connect(cluster.node("liar")) as client:
            assert run(client, "echo $SCORER_RIG_GPUS").stdout == b"amd:8\n"


def test_an_unknown_node_is_named_with_those_there_are(own: SimCluster) -> None:
    with pytest.raises(SimulationError, match=r"rig-z: no such node\. There are head, rig-a"):
        own.kill("rig-z")
