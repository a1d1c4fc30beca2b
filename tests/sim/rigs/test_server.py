"""Given a simulated node: who may enter, and what a command finds."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko
import psutil
import pytest

from sim.rigs.cluster import SimCluster, SimNode
from sim.rigs.keys import make_key_pair
from tests.sim.rigs.client import connect, open_exec, run, vanish
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow


def test_another_key_is_refused(sim_node: SimNode, tmp_path: Path) -> None:
    stranger = make_key_pair(tmp_path / "stranger")
    with pytest.raises(paramiko.AuthenticationException), connect(sim_node, key_filename=str(stranger.path)):
        pytest.fail("logged in with a key that nobody authorised")


def test_another_user_is_refused(sim_node: SimNode) -> None:
    with pytest.raises(paramiko.AuthenticationException), connect(sim_node, username="root"):
        pytest.fail("logged in as another user")


def test_each_node_has_a_host_key_of_its_own(cluster: SimCluster) -> None:
    head, rig = cluster.nodes
    assert head.host_key != rig.host_key
    with pytest.raises(paramiko.BadHostKeyException), connect(head, host_key=rig.host_key):
        pytest.fail("took one node for another")


def test_commands_start_in_the_home_of_the_node_with_a_clean_environment(
    sim_node: SimNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(sim_node) as client:
        names = {line.split("=")[0] for line in run(client, "env").stdout.decode().splitlines()}
        assert run(client, "pwd").stdout.decode().strip() == str(sim_node.home)
    documented = {"HOME", "PATH", "LANG", "SCORER_RIG_GPUS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert documented <= names <= documented | {"PWD", "OLDPWD", "SHLVL", "_"}


def test_ten_connections_at_once_are_all_served(sim_node: SimNode) -> None:
    together = threading.Barrier(10)

    def visit(number: int) -> bytes:
        with connect(sim_node) as client:
            together.wait(20)
            return run(client, f"echo {number}; cat", b"x" * 100_000).stdout

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(visit, range(10)))
    assert answers == [f"{number}\n".encode() + b"x" * 100_000 for number in range(10)]


def test_port_forwarding_is_refused(cluster: SimCluster, sim_node: SimNode) -> None:
    target = ("127.0.0.1", cluster.node("rig-a").port)
    with connect(sim_node) as client:
        transport = client.get_transport()
        assert transport is not None
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel("direct-tcpip", target, ("127.0.0.1", 0), timeout=5)


def test_a_client_that_vanishes_right_after_its_request_leaves_no_command_behind(sim_node: SimNode) -> None:
    server = psutil.Process(sim_node.pid)
    before = set(server.children(recursive=True))
    for _ in range(15):
        with connect(sim_node) as client:
            channel = open_exec(client, "cat")
            vanish(client)
            assert channel.exit_status == -1, "the command has not ended"
    assert eventually(lambda: set(server.children(recursive=True)) <= before)


def test_ended_commands_leave_no_zombies_even_when_they_were_orphans(sim_node: SimNode) -> None:
    server = psutil.Process(sim_node.pid)
    before = set(server.children(recursive=True))
    with connect(sim_node) as client:
        assert run(client, "(sleep 0.2 &) </dev/null >/dev/null 2>&1; exit 0").status == 0
        assert set(server.children(recursive=True)) - before, "the orphan went elsewhere"
    assert eventually(lambda: set(server.children(recursive=True)) <= before)
