"""The port to a rig. Implementations: `local` (this machine), `scorer_airflow.ssh` (SSH).

One contract suite, scorer_core.testing.transports, runs over all of them, and over any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import TracebackType
from typing import Protocol, Self

from scorer_core.cluster import Keys, Node

MAX_OUTPUT_BYTES = 64 * 2**20
"""What a command may print on either stream, unless its caller expects more: a rig that floods ends it."""
MAX_LINE_BYTES = 16 * 2**20
"""What a held process may print without an end of line."""


@dataclass(frozen=True)
class Completed:
    """What a remote command did."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class Channel(Protocol):
    """A held remote process. Not thread-safe. The process sees end of input when the channel closes."""

    def send(self, data: bytes) -> None:
        """Write to the process's standard input.

        Raises:
            RigLost: the process or the link is gone; the message has the tail of standard error.
            RigTimeout: the process reads no input.
        """

    def receive_line(self, timeout_s: float) -> bytes:
        """Return one line of standard output.

        Raises:
            RigTimeout: no whole line arrived in time; what arrived is kept for the next call.
            RigLost: the process or the link ended; the message has the tail of standard error.
            ProtocolError: the line has no end within MAX_LINE_BYTES.
        """

    def close(self) -> None:
        """Close the channel; never raises."""


class RigTransport(Protocol):
    """A connection to one node, opened on first use. Not thread-safe; one for each task."""

    node: Node

    def run(
        self, command: str, *, stdin: bytes = b"", timeout_s: float = 60.0, limit_bytes: int = MAX_OUTPUT_BYTES
    ) -> Completed:
        """Run a shell command to its end; it may print `limit_bytes` on either stream.

        Raises:
            RigUnreachable: there is no connection.
            RigTimeout: the command did not end in time.
            RigLost: the link broke, or the command was killed by a signal; never for an exit code.
            ProtocolError: it printed more.
        """

    def put(self, content: bytes, destination: PurePosixPath) -> None:
        """Write bytes to a path, readable by the owner alone; its folder is made.

        Raises:
            RigUnfit: the path cannot be written.
            RigError: another kind of it, when the link is the trouble.
        """

    def open(self, command: str) -> Channel:
        """Start a shell command and hold on to it."""

    def close(self) -> None:
        """Close the connection; never raises."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""


Connect = Callable[[Node], RigTransport]


@dataclass(frozen=True)
class Transport:
    """What a package brings with a transport, as an entry point of the group `scorer.transports`.

    The entry point's name is that of the setting `SCORER_TRANSPORT`, and of the block of keys that a
    node of the inventory has for this transport: `connect` finds it there as `node.block(keys)`.
    """

    keys: type[Keys]
    connect: Connect
