"""SSH as a RigTransport: one connection, commands, uploads over SFTP, held processes."""

from __future__ import annotations

import selectors
import time
from pathlib import PurePosixPath
from types import TracebackType
from typing import Self

import paramiko
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from scorer_airflow.ssh.exchange import close_quietly, exchange
from scorer_airflow.ssh.hook import NodeHook
from scorer_airflow.ssh.upload import upload
from scorer_core.cluster import Node
from scorer_core.errors import ProtocolError, RigDown, RigLost, RigTimeout, RigUnfit, RigUnreachable
from scorer_core.transport import commands
from scorer_core.transport.port import MAX_LINE_BYTES, MAX_OUTPUT_BYTES, Completed

CONNECT_ATTEMPTS = 6
_CHUNK = 65536
_ERROR_TAIL = 2000
_SEND_TIMEOUT_S = 30.0
_LAST_WORDS_S = 1.0


def _may_be_busy(error: BaseException) -> bool:
    """Say whether a server may just have turned a connection away; where nobody answers, the caller decides."""
    return isinstance(error, RigUnreachable) and not isinstance(error, RigDown)


class SshTransport:
    """Reaches a node over SSH. See RigTransport for the contract."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._hook = NodeHook(node)
        self._held: list[SshChannel] = []  # paramiko closes a channel that nobody refers to

    def run(
        self, command: str, *, stdin: bytes = b"", timeout_s: float = 60.0, limit_bytes: int = MAX_OUTPUT_BYTES
    ) -> Completed:
        """Run a shell command to its end."""
        deadline = time.monotonic() + timeout_s
        channel = self._session()
        try:
            channel.exec_command(command)
            return exchange(channel, stdin, deadline, limit_bytes)
        except TimeoutError:
            raise RigTimeout(self.node.name, f"a command did not end within {timeout_s:g} s.") from None
        except BufferError:
            raise ProtocolError(self.node.name, f"a command printed more than {limit_bytes} bytes.") from None
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise RigLost(
                self.node.name, f"a command was killed, or the link broke ({type(error).__name__})."
            ) from None
        finally:
            close_quietly(channel)

    def put(self, content: bytes, destination: PurePosixPath) -> None:
        """Write bytes to a path over SFTP, readable by the owner alone."""
        made = self.run(commands.make_folder(destination.parent))
        if made.exit_code:
            said = made.stderr.decode("utf-8", "replace").strip()
            raise RigUnfit(self.node.name, f"cannot make {destination.parent}: {said}. Check the node's root and disk.")
        channel = self._session()
        try:
            channel.settimeout(_SEND_TIMEOUT_S)
            channel.invoke_subsystem("sftp")
            with paramiko.SFTPClient(channel) as sftp, sftp.open(str(destination), "wb") as stream:
                stream.chmod(0o600)
                stream.set_pipelined(True)
                upload(stream, content, self.node.name)
                arrived = stream.stat().st_size  # a pipelined write does not tell when it fails
            if arrived != len(content):
                raise OSError(f"{arrived} of {len(content)} bytes were written")
        except TimeoutError:
            raise RigTimeout(self.node.name, f"an upload stood still for {_SEND_TIMEOUT_S:g} s.") from None
        except (EOFError, paramiko.SSHException, ConnectionError) as error:
            raise RigLost(self.node.name, f"the connection broke in mid-upload ({type(error).__name__}).") from None
        except OSError as error:
            raise RigUnfit(self.node.name, f"cannot write {destination}: {error}. Check the node's disk.") from None
        finally:
            close_quietly(channel)

    def open(self, command: str) -> SshChannel:
        """Start a shell command and hold on to it."""
        channel = self._session()
        try:
            channel.exec_command(command)
        except (OSError, EOFError, paramiko.SSHException) as error:
            close_quietly(channel)
            raise RigLost(self.node.name, f"the command was not started ({type(error).__name__}).") from None
        held = SshChannel(self.node.name, channel)
        self._held.append(held)
        return held

    def close(self) -> None:
        """Close every channel and the connection."""
        for held in self._held:
            held.close()
        if self._hook.client is not None:
            self._hook.client.close()

    @retry(
        retry=retry_if_exception(_may_be_busy),
        wait=wait_random_exponential(multiplier=0.5, max=10),
        stop=stop_after_attempt(CONNECT_ATTEMPTS),
        reraise=True,
    )
    def _client(self) -> paramiko.SSHClient:
        return self._hook.get_conn()

    def _session(self) -> paramiko.Channel:
        transport = self._client().get_transport()
        try:
            if transport is None:
                raise EOFError
            return transport.open_session(timeout=_SEND_TIMEOUT_S)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise RigLost(self.node.name, f"no session on the connection ({type(error).__name__}).") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SshChannel:
    """A held process on a node. See Channel for the contract."""

    def __init__(self, node: str, channel: paramiko.Channel) -> None:
        self._node = node
        self._channel = channel
        self._buffer = bytearray()
        self._errors = b""

    def send(self, data: bytes) -> None:
        """Write to the process's standard input."""
        try:
            self._channel.settimeout(_SEND_TIMEOUT_S)
            self._channel.sendall(data)
        except TimeoutError:
            raise RigTimeout(self._node, f"the remote process read no input for {_SEND_TIMEOUT_S:g} s.") from None
        except (OSError, EOFError, paramiko.SSHException):
            raise self._lost() from None

    def receive_line(self, timeout_s: float) -> bytes:
        """Return one line of standard output."""
        deadline = time.monotonic() + timeout_s
        seen = 0
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            if not self._pull(deadline):
                raise RigTimeout(self._node, f"no answer within {timeout_s:g} s.")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def close(self) -> None:
        """Close both ends; the process sees end of input."""
        close_quietly(self._channel)

    def _pull(self, deadline: float) -> bool:
        """Take what arrived on either stream, so that neither fills the window; False when the time is over."""
        ended = self._channel.eof_received or self._channel.closed
        self._take_errors()
        if self._channel.recv_ready():
            self._buffer += self._channel.recv(_CHUNK)
            if len(self._buffer) > MAX_LINE_BYTES + _CHUNK:
                raise ProtocolError(self._node, f"a line has no end within {MAX_LINE_BYTES} bytes.")
            return True
        if ended:
            raise self._lost()
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            return bool(selector.select(max(0.0, deadline - time.monotonic())))

    def _take_errors(self) -> None:
        while self._channel.recv_stderr_ready():
            self._errors = (self._errors + self._channel.recv_stderr(_CHUNK))[-_ERROR_TAIL:]

    def _lost(self) -> RigLost:
        """Return the error with the end of standard error, after a moment for what is still under way."""
        self._channel.status_event.wait(_LAST_WORDS_S)
        self._take_errors()
        return RigLost(self._node, f"the remote process ended. {self._errors.decode('utf-8', 'replace').strip()}")
