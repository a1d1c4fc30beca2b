"""Moving bytes between an SSH channel and a child's pipes, no faster than the slower side takes them.

asyncssh can redirect a channel to pipes itself, but it then writes from inside the pipe transport's
own callback, where asyncio (`_UnixWritePipeTransport._write_ready`, CPython 3.11) drops what is still
buffered if the end of the input comes with it. Here the writes come from a task.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import IO

import asyncssh

_CHUNK_BYTES = 1 << 16


async def pump_in(source: asyncssh.SSHReader[bytes], pipe: IO[bytes]) -> None:
    """Feed a child from its channel; close the pipe when the channel has ended or is lost."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(_stream_protocol, pipe)
    sink = asyncio.StreamWriter(transport, protocol, None, loop)
    try:
        with contextlib.suppress(OSError, asyncssh.Error):  # the child may end before its input does
            while data := await source.read(_CHUNK_BYTES):
                sink.write(data)
                await sink.drain()
    finally:
        transport.close()


async def pump_out(pipe: IO[bytes], sink: asyncssh.SSHWriter[bytes]) -> None:
    """Send a child's output over its channel until it ends; close the pipe when the channel is lost."""
    source = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(source), pipe)
    try:
        with contextlib.suppress(OSError, asyncssh.Error):
            while data := await source.read(_CHUNK_BYTES):
                sink.write(data)
                await sink.drain()
    finally:
        transport.close()


def _stream_protocol() -> asyncio.StreamReaderProtocol:
    return asyncio.StreamReaderProtocol(asyncio.StreamReader())
