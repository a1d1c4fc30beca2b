"""Loopback ports that stay ours while nothing listens on them."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


class ReservedPort:
    """A free TCP port on loopback, reserved until `close`.

    It is bound but never listened on. The kernel then gives the number to nobody else, so a killed
    server finds its port again, and connecting to the dead port is refused instead of reaching a
    stranger, or oneself: a socket may connect to itself when its ephemeral source port is drawn
    equal to the destination. A server that sets SO_REUSEADDR (asyncio and sshd do) can bind it.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((LOOPBACK, 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back; idempotent."""
        self._socket.close()


def speaks_ssh(port: int, timeout_s: float = 1.0) -> bool:
    """Tell whether a server on this loopback port answers with an SSH banner."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_s) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
