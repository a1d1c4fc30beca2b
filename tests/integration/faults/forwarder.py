"""A TCP forwarder on loopback: a link that a test can mute, cut and take away."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from types import TracebackType

from sim.rigs.ports import LOOPBACK

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s: close sends a reset


class Forwarder:
    """Carries connections from its own `port` to another; a context manager. One thread a connection."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._muted = threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._acceptor = socket.create_server((LOOPBACK, 0))
        self.port: int = self._acceptor.getsockname()[1]

    def __enter__(self) -> Forwarder:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.clear()
        with contextlib.suppress(OSError):
            self._acceptor.shutdown(socket.SHUT_RDWR)
        self._acceptor.close()
        self.cut()

    def mute(self) -> None:
        """Lose, from now on, what the server says on connections that are open; `cut` ends this."""
        self._muted.set()

    def cut(self) -> None:
        """Reset every connection, on both sides; new ones are carried again."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _reset(end)
        self._muted.clear()

    def take_away(self) -> None:
        """Cut, and refuse what comes, until `bring_back`."""
        self._open.clear()
        self.cut()

    def bring_back(self) -> None:
        """Carry connections again."""
        self._open.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._acceptor.accept()
            except OSError:
                return
            if not self._open.is_set():
                _reset(client)
                client.close()
                continue
            try:
                server = socket.create_connection((LOOPBACK, self._target), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._pairs.append((client, server))
            threading.Thread(target=self._carry, args=(client, server), daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, selectors.DefaultSelector() as selector, contextlib.suppress(OSError, ValueError):
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    data = source.recv(_CHUNK)
                    if not data:
                        return
                    if not (source is server and self._muted.is_set()):
                        key.data.sendall(data)


def _reset(end: socket.socket) -> None:
    """Make the closing of a socket a reset, and wake the thread that waits on it."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)
