"""The entry point `ssh` of the group scorer.transports; paramiko is loaded when a node is really to be reached."""

from __future__ import annotations

from scorer_airflow.ssh.keys import SshKeys
from scorer_core.cluster import Node
from scorer_core.transport.port import RigTransport, Transport


def connect(node: Node) -> RigTransport:
    """Return a connection to a node, opened on first use."""
    from scorer_airflow.ssh.transport import SshTransport

    return SshTransport(node)


TRANSPORT = Transport(keys=SshKeys, connect=connect)
