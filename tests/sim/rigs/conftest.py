"""The servers under test: simulated nodes, and the system's sshd to compare them with."""

from __future__ import annotations

from collections.abc import Iterator

import paramiko
import pytest

from sim.rigs.cluster import NodeSpec, SimCluster, SimNode
from tests.sim.rigs.client import Node, connect
from tests.support.sshd import OpenSshServer

TWO_NODES = [NodeSpec("head", "nvidia", 2, head=True), NodeSpec("rig-a", "amd", 8)]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimCluster]:
    """One cluster for the tests that leave it as it was."""
    with SimCluster.start(None, tmp_path_factory.mktemp("cluster"), nodes=TWO_NODES) as running:
        yield running


@pytest.fixture(scope="session")
def sim_node(cluster: SimCluster) -> SimNode:
    return cluster.node("head")


@pytest.fixture(scope="session")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSshServer]:
    with OpenSshServer(tmp_path_factory.mktemp("openssh") / "server") as server:
        yield server


@pytest.fixture(scope="session", params=["sim_node", "openssh"])
def node(request: pytest.FixtureRequest) -> Node:
    """A node of each kind: what holds for the one holds for the other."""
    found: Node = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def client(node: Node) -> Iterator[paramiko.SSHClient]:
    with connect(node) as connected:
        yield connected
