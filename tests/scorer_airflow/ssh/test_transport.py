"""What the contract of every transport leaves open, and SSH does in a way of its own."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import tenacity

from scorer_airflow.ssh.transport import CONNECT_ATTEMPTS, SshTransport
from scorer_core.errors import RigUnreachable
from scorer_core.inventory import node_model
from sim.rigs.keys import make_key_pair


def test_a_node_that_is_down_is_tried_a_few_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []
    retrying = SshTransport._client.retry
    monkeypatch.setattr(retrying, "wait", tenacity.wait_none())
    monkeypatch.setattr(retrying, "after", lambda state: attempts.append(state.attempt_number))
    key = make_key_pair(tmp_path / "key")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        block = {"host": "127.0.0.1", "port": taken.getsockname()[1], "user": "scorer", "key": str(key.path)}
        entry = {"name": "rig-a", "root": "/x", "gpu": {"count": 1}, "ssh": {**block, "host_key": key.public}}
        node = node_model("ssh").model_validate(entry)

        with pytest.raises(RigUnreachable, match="rig-a: no SSH connection"), SshTransport(node) as transport:
            transport.run("true")

    assert len(attempts) == CONNECT_ATTEMPTS
