"""The entry point `ssh` of the group scorer.transports."""

from __future__ import annotations

from scorer_airflow.ssh.transport import SshTransport
from scorer_core.cluster import Node
from scorer_core.transport.port import RigTransport


def connect(node: Node) -> RigTransport:
    """Return a connection to a node, opened on first use."""
    return SshTransport(node)
