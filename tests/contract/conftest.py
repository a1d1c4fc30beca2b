"""The transports under contract: this machine, a simulated node over SSH, the system's sshd over SSH."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scorer_airflow.ssh.transport import SshTransport
from scorer_core.cluster import Gpus, Node
from scorer_core.inventory import node_model
from scorer_core.transport.local import LocalTransport
from scorer_core.transport.port import Connect, RigTransport
from sim.rigs.cluster import NodeSpec, SimCluster
from tests.support.sshd import OpenSshServer


@dataclass(frozen=True)
class Reached:
    """A node, the way to it, and how to cut its power; None for this machine, which must go on."""

    node: Node
    connect: Connect
    kill: Callable[[], None] | None = None


def local(folder: Path) -> Reached:
    node = Node(
        name="here",
        python=sys.executable,
        root=str(folder / "scorer"),
        gpu=Gpus(count=2),
    )
    return Reached(node, LocalTransport)


def simulated(cluster: SimCluster) -> Reached:
    (node,) = cluster.nodes
    return Reached(
        node_model("ssh").model_validate(node.inventory_entry()), SshTransport, lambda: cluster.kill(node.name)
    )


def openssh(server: OpenSshServer) -> Reached:
    return Reached(node_model("ssh").model_validate(server.inventory_entry()), SshTransport, server.stop)


@pytest.fixture(scope="session")
def sim_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimCluster]:
    with start_cluster(tmp_path_factory.mktemp("contract") / "cluster") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def openssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSshServer]:
    with OpenSshServer(tmp_path_factory.mktemp("contract") / "openssh") as server:
        yield server


def start_cluster(folder: Path) -> SimCluster:
    return SimCluster.start(None, folder, nodes=[NodeSpec("rig-a", "nvidia", 2)])


@pytest.fixture(scope="session", params=["local", "simulated", "openssh"])
def reached(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reached:
    """A node that every test leaves as it was."""
    if request.param == "local":
        return local(tmp_path_factory.mktemp("local"))
    if request.param == "simulated":
        return simulated(request.getfixturevalue("sim_cluster"))
    return openssh(request.getfixturevalue("openssh_server"))


@pytest.fixture
def transport(reached: Reached) -> Iterator[RigTransport]:
    with reached.connect(reached.node) as connection:
        yield connection


@pytest.fixture(params=["simulated", "openssh"])
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reached]:
    """A node over SSH for one test to kill."""
    if request.param == "simulated":
        with start_cluster(tmp_path / "mortal") as cluster:
            yield simulated(cluster)
    else:
        with OpenSshServer(tmp_path / "mortal") as server:
            yield openssh(server)
