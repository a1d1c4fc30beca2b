"""The head itself as a rig: the same port without SSH, for tests and for trying things out."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import subprocess
import tempfile
import time
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Self

from scorer_core.cluster import Keys, Node
from scorer_core.errors import ProtocolError, RigLost, RigTimeout, RigUnfit
from scorer_core.transport.pipes import communicate, kill_group
from scorer_core.transport.port import MAX_LINE_BYTES, MAX_OUTPUT_BYTES, Completed, Transport

_CHUNK = 65536
_ERROR_TAIL = 2000
_SEND_TIMEOUT_S = 30.0
_LAST_WORDS_S = 1.0
_PATIENCE_S = 5.0


class LocalTransport:
    """Runs commands in /bin/sh on this machine. See RigTransport for the contract."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._channels: list[LocalChannel] = []

    def run(
        self, command: str, *, stdin: bytes = b"", timeout_s: float = 60.0, limit_bytes: int = MAX_OUTPUT_BYTES
    ) -> Completed:
        """Run a shell command to its end."""
        with _start(command, stderr=subprocess.PIPE) as process:
            try:
                stdout, stderr = communicate(process, stdin, timeout_s, limit_bytes)
            except subprocess.TimeoutExpired:
                kill_group(process)
                raise RigTimeout(self.node.name, f"a command did not end within {timeout_s:g} s.") from None
            except BufferError:
                kill_group(process)
                raise ProtocolError(self.node.name, f"a command printed more than {limit_bytes} bytes.") from None
        if process.returncode < 0:
            raise RigLost(self.node.name, f"a command was killed by signal {-process.returncode}.")
        return Completed(process.returncode, stdout, stderr)

    def put(self, content: bytes, destination: PurePosixPath) -> None:
        """Write bytes to a path."""
        try:
            Path(destination).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                os.fchmod(descriptor, 0o600)
                stream.write(content)
        except OSError as error:
            raise RigUnfit(self.node.name, f"cannot write {destination}: {error.strerror}. Check the disk.") from None

    def open(self, command: str) -> LocalChannel:
        """Start a shell command and hold on to it."""
        channel = LocalChannel(self.node.name, command)
        self._channels.append(channel)
        return channel

    def close(self) -> None:
        """Close every channel that was opened here; the processes see end of input."""
        for channel in self._channels:
            channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class LocalChannel:
    """A held process on this machine. See Channel for the contract."""

    def __init__(self, node: str, command: str) -> None:
        self._node = node
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the channel
        self._process = _start(command, stderr=self._errors)
        self._buffer = bytearray()

    def send(self, data: bytes) -> None:
        """Write to the process's standard input."""
        stream = self._process.stdin
        rest = memoryview(data)
        while rest:
            if stream is None or stream.closed:
                raise RigLost(self._node, "the channel is closed.")
            if not _ready(stream, selectors.EVENT_WRITE, _SEND_TIMEOUT_S):
                raise RigTimeout(self._node, f"the process read no input for {_SEND_TIMEOUT_S:g} s.")
            try:
                rest = rest[os.write(stream.fileno(), rest[: select.PIPE_BUF]) :]
            except BrokenPipeError:
                raise self._lost() from None

    def receive_line(self, timeout_s: float) -> bytes:
        """Return one line of standard output."""
        deadline = time.monotonic() + timeout_s
        stream = self._process.stdout
        seen = 0
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            if stream is None or stream.closed:
                raise RigLost(self._node, "the channel is closed.")
            if not _ready(stream, selectors.EVENT_READ, deadline - time.monotonic()):
                raise RigTimeout(self._node, f"no answer within {timeout_s:g} s.")
            chunk = os.read(stream.fileno(), _CHUNK)
            if not chunk:
                raise self._lost()
            self._buffer += chunk
            if len(self._buffer) > MAX_LINE_BYTES + _CHUNK:
                raise ProtocolError(self._node, f"a line has no end within {MAX_LINE_BYTES} bytes.")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def close(self) -> None:
        """Close both ends; the process sees end of input, and is killed when that does not end it."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            kill_group(self._process)
            self._process.wait()
        self._errors.close()

    def _lost(self) -> RigLost:
        """Return the error with the end of standard error, after a moment for what is still under way."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_WORDS_S)
        errors = self._errors.fileno()
        tail = os.pread(errors, _ERROR_TAIL, max(0, os.fstat(errors).st_size - _ERROR_TAIL))
        return RigLost(self._node, f"the process ended. {tail.decode('utf-8', 'replace').strip()}")


def _start(command: str, stderr: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a shell command in a process group of its own, its pipes unbuffered."""
    return subprocess.Popen(  # noqa: S603 - the shell is the contract
        ["/bin/sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        bufsize=0,
        start_new_session=True,
    )


def _ready(stream: IO[bytes], event: int, timeout_s: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(stream, event)
        return bool(selector.select(max(0.0, timeout_s)))


class LocalKeys(Keys):
    """The block `local` of a node: it needs no keys, every node is this machine."""

    def address(self) -> tuple[object, ...] | None:
        """Return the one address that there is."""
        return ("local",)


TRANSPORT = Transport(keys=LocalKeys, connect=LocalTransport)
