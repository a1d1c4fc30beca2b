"""The port to a rig. Implementations: `local` (this machine), `scorer_airflow.ssh` (SSH).

One contract suite, tests/contract/test_transport.py, runs over all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import PurePosixPath
from types import TracebackType
from typing import Protocol, Self

from scorer_core.cluster import Node
from scorer_core.errors import SettingsError


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
        """

    def close(self) -> None:
        """Close the channel; never raises."""


class RigTransport(Protocol):
    """A connection to one node, opened on first use. Not thread-safe; one for each task."""

    node: Node

    def run(self, command: str, *, stdin: bytes = b"", timeout_s: float = 60.0) -> Completed:
        """Run a shell command to its end.

        Raises:
            RigUnreachable: there is no connection.
            RigTimeout: the command did not end in time.
            RigLost: the link broke, or the command was killed by a signal; never for an exit code.
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


def connector(name: str) -> Connect:
    """Return the function that connects to a node, by its name in the group `scorer.transports`.

    Raises:
        SettingsError: no installed package provides this transport.
    """
    found = entry_points(group="scorer.transports", name=name)
    if not found:
        known = ", ".join(sorted(entry.name for entry in entry_points(group="scorer.transports")))
        raise SettingsError(f"SCORER_TRANSPORT: no transport {name!r} is installed; known are: {known or 'none'}.")
    connect: Connect = next(iter(found)).load()
    return connect
