"""The public suite over our transports: this machine, a simulated node over SSH, the system's sshd over SSH."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tenacity

from scorer_airflow.ssh import transport as ssh
from scorer_airflow.ssh.transport import SshTransport
from scorer_core.cluster import Gpus, Node
from scorer_core.inventory import node_model
from scorer_core.testing.transports import MortalTransportContract, NodeUnderTest, TransportContract
from scorer_core.transport import local
from scorer_core.transport.local import LocalTransport
from sim.rigs.cluster import NodeSpec, SimCluster
from tests.support.sshd import OpenSshServer


def start_cluster(folder: Path) -> SimCluster:
    return SimCluster.start(None, folder, nodes=[NodeSpec("rig-a", "nvidia", 2)])


def simulated(cluster: SimCluster) -> NodeUnderTest:
    (node,) = cluster.nodes
    found = node_model("ssh").model_validate(node.inventory_entry())
    return NodeUnderTest(found, SshTransport, lambda: cluster.kill(node.name))


def openssh(server: OpenSshServer) -> NodeUnderTest:
    return NodeUnderTest(node_model("ssh").model_validate(server.inventory_entry()), SshTransport, server.stop)


class OverSsh:
    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ssh, "_SEND_TIMEOUT_S", 0.3)
        monkeypatch.setattr(SshTransport._client.retry, "wait", tenacity.wait_none())


class TestLocal(TransportContract):
    @pytest.fixture
    def reached(self, tmp_path: Path) -> NodeUnderTest:
        node = Node(name="here", python=sys.executable, root=str(tmp_path / "scorer"), gpu=Gpus(count=2))
        return NodeUnderTest(node, LocalTransport)

    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(local, "_SEND_TIMEOUT_S", 0.3)


@pytest.mark.slow
class TestSimulatedNode(OverSsh, TransportContract):
    @pytest.fixture(scope="class")
    @classmethod
    def reached(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeUnderTest]:
        with start_cluster(tmp_path_factory.mktemp("contract") / "cluster") as cluster:
            yield simulated(cluster)


@pytest.mark.slow
class TestOpenSsh(OverSsh, TransportContract):
    @pytest.fixture(scope="class")
    @classmethod
    def reached(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeUnderTest]:
        with OpenSshServer(tmp_path_factory.mktemp("contract") / "openssh") as server:
            yield openssh(server)


@pytest.mark.slow
class TestSimulatedNodeThatDies(OverSsh, MortalTransportContract):
    @pytest.fixture
    def reached(self, tmp_path: Path) -> Iterator[NodeUnderTest]:
        with start_cluster(tmp_path / "mortal") as cluster:
            yield simulated(cluster)


@pytest.mark.slow
class TestOpenSshThatDies(OverSsh, MortalTransportContract):
    @pytest.fixture
    def reached(self, tmp_path: Path) -> Iterator[NodeUnderTest]:
        with OpenSshServer(tmp_path / "mortal") as server:
            yield openssh(server)
