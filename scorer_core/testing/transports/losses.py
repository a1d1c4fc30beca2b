"""A node that goes away is said to be gone, soon."""

from __future__ import annotations

import threading
import time
from pathlib import PurePosixPath

import pytest

from scorer_core.errors import RigLost, RigUnreachable
from scorer_core.testing.transports.node import NodeUnderTest, OnANode, eventually


class MortalTransportContract(OnANode):
    """What a transport says of a node whose power is cut; `reached` is a new one for each test, with `kill`."""

    def test_a_node_that_dies_in_mid_command_is_lost_at_once(self, reached: NodeUnderTest) -> None:
        under_way: list[bool] = []

        def kill_when_started() -> None:
            with reached.connect(reached.node) as watcher:
                under_way.append(eventually(lambda: watcher.run(f"test -e {started}").exit_code == 0))
                _kill(reached)

        with reached.connect(reached.node) as transport:
            started = PurePosixPath(transport.run("mktemp -d").stdout.decode().strip()) / "started"
            channel = transport.open("echo ready; cat")
            assert channel.receive_line(10) == b"ready"
            killer = threading.Thread(target=kill_when_started)
            begun = time.monotonic()
            killer.start()
            with pytest.raises(RigLost, match=reached.node.name):
                transport.run(f"touch {started}; sleep 20", timeout_s=15)
            with pytest.raises(RigLost, match=reached.node.name):
                channel.receive_line(15)
            assert time.monotonic() - begun < 10
            killer.join()
        assert under_way == [True]

    @pytest.mark.usefixtures("impatient")
    def test_a_node_that_is_down_is_unreachable(self, reached: NodeUnderTest) -> None:
        _kill(reached)

        with (
            pytest.raises(RigUnreachable, match=reached.node.name),
            reached.connect(reached.node) as transport,
        ):
            transport.run("true")


def _kill(reached: NodeUnderTest) -> None:
    if reached.kill is None:
        raise NotImplementedError("a mortal node needs `kill`, which cuts its power")
    reached.kill()
