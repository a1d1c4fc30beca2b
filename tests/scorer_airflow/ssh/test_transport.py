"""What the contract of every transport leaves open, and SSH does in a way of its own."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
import tenacity

from scorer_airflow.ssh.transport import CONNECT_ATTEMPTS, SshTransport
from scorer_core.errors import RigUnreachable
from scorer_core.inventory import node_model
from sim.rigs.keys import make_key_pair


@pytest.mark.parametrize(("listens", "times"), [(True, CONNECT_ATTEMPTS), (False, 0)])
def test_a_server_that_hangs_up_is_tried_again_and_an_address_where_nobody_answers_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listens: bool, times: int
) -> None:
    attempts: list[int] = []
    retrying = SshTransport._client.retry
    monkeypatch.setattr(retrying, "wait", tenacity.wait_none())
    monkeypatch.setattr(retrying, "after", lambda state: attempts.append(state.attempt_number))
    key = make_key_pair(tmp_path / "key")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if listens:
            taken.listen()
            threading.Thread(target=hang_up, args=(taken,), daemon=True).start()
        block = {"host": "127.0.0.1", "port": taken.getsockname()[1], "user": "scorer", "key": str(key.path)}
        entry = {"name": "rig-a", "root": "/x", "gpu": {"count": 1}, "ssh": {**block, "host_key": key.public}}
        node = node_model("ssh").model_validate(entry)

        with pytest.raises(RigUnreachable, match="rig-a: no SSH connection"), SshTransport(node) as transport:
            transport.run("true")

    assert len(attempts) == times


def hang_up(listening: socket.socket) -> None:
    """Turn every connection away, as a server does that has too many."""
    while True:
        try:
            listening.accept()[0].close()
        except OSError:
            return
