"""A process on this machine and its pipes: fed and read at once, within limits of time and size."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from typing import IO

_CHUNK = 65536


def communicate(
    process: subprocess.Popen[bytes], stdin: bytes, timeout_s: float, limit_bytes: int
) -> tuple[bytes, bytes]:
    """Feed a process and read both its streams at once, until it has ended.

    Raises:
        subprocess.TimeoutExpired: it, or somebody who holds its streams, did not end in time.
        BufferError: a stream had more than `limit_bytes`.
    """
    deadline = time.monotonic() + timeout_s
    drains = [_Drain(stream, limit_bytes, process) for stream in (process.stdout, process.stderr) if stream]
    feeder = threading.Thread(target=_feed, args=(process.stdin, stdin), daemon=True)
    for thread in (*drains, feeder):
        thread.start()
    for drain in drains:
        drain.join(max(0.0, deadline - time.monotonic()))
    if any(drain.flooded for drain in drains):
        raise BufferError
    process.wait(max(0.0, deadline - time.monotonic()))
    if any(drain.is_alive() for drain in drains):
        raise subprocess.TimeoutExpired(process.args, timeout_s)
    stdout, stderr = (bytes(drain.content) for drain in drains)
    return stdout, stderr


class _Drain(threading.Thread):
    """Reads a stream to its end, or until it has more than a limit: then the process is killed."""

    def __init__(self, stream: IO[bytes], limit_bytes: int, process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream, self._limit, self._process = stream, limit_bytes, process
        self.content = bytearray()
        self.flooded = False

    def run(self) -> None:
        """Read."""
        with contextlib.suppress(ValueError, OSError):  # closed under our hands, after a time-out
            while chunk := self._stream.read(_CHUNK):
                self.content += chunk
                if len(self.content) > self._limit:
                    self.flooded = True
                    kill_group(self._process)
                    return


def _feed(stream: IO[bytes] | None, stdin: bytes) -> None:
    """Send the input and its end; a command may end without reading it all."""
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            rest = memoryview(stdin)
            while rest:
                rest = rest[stream.write(rest) :]
        with contextlib.suppress(OSError):
            stream.close()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a group, and all of that group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
