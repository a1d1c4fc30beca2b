"""One command on one SSH channel: fed and read at once, within limits of time and size."""

from __future__ import annotations

import contextlib
import io
import threading
import time

import paramiko

from scorer_core.transport.port import Completed

_CHUNK = 65536


def exchange(channel: paramiko.Channel, stdin: bytes, deadline: float, limit_bytes: int) -> Completed:
    """Feed a started command and read both its streams at once, until it has ended.

    Raises:
        TimeoutError: the deadline came first.
        EOFError: the command ended without an exit code.
        BufferError: it printed more than `limit_bytes` on a stream.
    """
    stderr = io.BytesIO()
    channel.settimeout(_left(deadline))
    feeder = threading.Thread(target=_feed, args=(channel, stdin), daemon=True)
    reader = threading.Thread(target=_drain_stderr, args=(channel, stderr, limit_bytes), daemon=True)
    feeder.start()
    reader.start()
    stdout = _read_all(channel, deadline, limit_bytes)
    reader.join(_left(deadline))
    if stderr.tell() > limit_bytes:
        raise BufferError
    if not channel.status_event.wait(_left(deadline)) or reader.is_alive():
        raise TimeoutError
    exit_code = channel.recv_exit_status()
    if exit_code < 0:
        raise EOFError
    return Completed(exit_code, stdout, stderr.getvalue())


def _feed(channel: paramiko.Channel, stdin: bytes) -> None:
    """Send the input and its end; a command may end without reading it all."""
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        channel.sendall(stdin)
        channel.shutdown_write()


def _read_all(channel: paramiko.Channel, deadline: float, limit_bytes: int) -> bytes:
    content = bytearray()
    while True:
        channel.settimeout(_left(deadline))
        chunk = channel.recv(_CHUNK)
        if not chunk:
            return bytes(content)
        content += chunk
        if len(content) > limit_bytes:
            raise BufferError


def _drain_stderr(channel: paramiko.Channel, into: io.BytesIO, limit_bytes: int) -> None:
    with contextlib.suppress(OSError, EOFError):
        while into.tell() <= limit_bytes and (chunk := channel.recv_stderr(_CHUNK)):
            into.write(chunk)
        if into.tell() > limit_bytes:
            channel.close()  # what waits for the end of standard output waits no more


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())


def close_quietly(channel: paramiko.Channel) -> None:
    """Close a channel, whatever state it is in."""
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        channel.close()
