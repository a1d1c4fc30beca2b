"""The node that the suite runs on, and what it asks of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import pytest

from scorer_core.cluster import Node
from scorer_core.transport.port import Channel, Connect, RigTransport

MIB = 1 << 20
BIG = bytes(range(256)) * (5 * MIB // 256)
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class NodeUnderTest:
    """A node, the way to it, and how to cut its power; None where it must go on."""

    node: Node
    connect: Connect
    kill: Callable[[], None] | None = None


class OnANode:
    """What the tests of a suite are given."""

    @pytest.fixture
    def reached(self) -> NodeUnderTest:
        """Return the node; to be given by whoever runs the suite, in any scope."""
        raise NotImplementedError("give a fixture `reached` that returns a NodeUnderTest")

    @pytest.fixture
    def transport(self, reached: NodeUnderTest) -> Iterator[RigTransport]:
        """Return a connection to the node."""
        with reached.connect(reached.node) as connection:
            yield connection

    @pytest.fixture
    def folder(self, reached: NodeUnderTest) -> Iterator[PurePosixPath]:
        """Return a folder of the test's own on the node."""
        with reached.connect(reached.node) as connection:
            made = PurePosixPath(connection.run("mktemp -d").stdout.decode().strip())
            yield made
            connection.run(f"rm -r {made}")

    @pytest.fixture
    def impatient(self) -> None:
        """Shorten the transport's own time-outs and pauses; as it is, the tests that use it take their time."""


def runs(transport: RigTransport, pid: int) -> bool:
    """Say whether a process runs on the node; one that has ended and waits for its parent does not."""
    done = transport.run(f"cat /proc/{pid}/stat")
    return done.exit_code == 0 and done.stdout.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def first_pid(channel: Channel) -> int:
    """Return the process id that a held process prints first."""
    return int(channel.receive_line(10))


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait until a condition holds; say whether it did in time."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
