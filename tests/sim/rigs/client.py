"""A strict SSH client for the tests: pinned host key, one key, nothing from the user's own ~/.ssh."""

from __future__ import annotations

import base64
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko

from sim.rigs.cluster import SimNode
from tests.support.sshd import OpenSshServer
from tests.support.waiting import eventually

Node = SimNode | OpenSshServer


@dataclass(frozen=True)
class FailureKind:
    status: int
    stdout: bytes
    stderr: bytes


def pinned(line: str) -> paramiko.PKey:
    return paramiko.Ed25519Key(data=base64.b64decode(line.split()[1]))


@contextlib.contextmanager
def connect(node: Node, host_key: str | None = None, **changes: Any) -> Iterator[paramiko.SSHClient]:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.get_host_keys().add(f"[{node.host}]:{node.port}", "ssh-ed25519", pinned(host_key or node.host_key))
    login: dict[str, Any] = {"username": node.user, "key_filename": str(node.key)}
    try:
        client.connect(
            node.host,
            node.port,
            allow_agent=False,
            look_for_keys=False,
            timeout=10,
            auth_timeout=10,
            **{**login, **changes},
        )
        yield client
    finally:
        client.close()


def open_exec(client: paramiko.SSHClient, command: str) -> paramiko.Channel:
    """Start a command; keep the channel, for paramiko closes one that nobody refers to."""
    transport = client.get_transport()
    assert transport is not None
    channel = transport.open_session(timeout=10)
    channel.settimeout(15)
    channel.exec_command(command)
    return channel


def run(client: paramiko.SSHClient, command: str, stdin: bytes = b"") -> FailureKind:
    channel = open_exec(client, command)

    def feed() -> None:
        with contextlib.suppress(OSError):  # the command may end without reading it all
            channel.sendall(stdin)
            channel.shutdown_write()

    errors: list[bytes] = []
    threads = [
        threading.Thread(target=feed),
        threading.Thread(target=lambda: errors.append(channel.makefile_stderr("rb").read())),
    ]
    for thread in threads:
        thread.start()
    stdout = channel.makefile("rb").read()
    for thread in threads:
        thread.join(15)
    status = channel.recv_exit_status()
    channel.close()
    return FailureKind(status, stdout, errors[0])


def vanish(client: paramiko.SSHClient) -> None:
    """Cut the TCP connection with a reset, as a killed client's kernel does; no SSH goodbye."""
    transport = client.get_transport()
    assert transport is not None
    assert isinstance(transport.sock, socket.socket)
    transport.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.sock.close()


def read_pids(path: Path, count: int) -> list[int]:
    """Wait for a file into which commands wrote their process ids, one a line."""
    assert eventually(lambda: path.exists() and len(path.read_text().split()) >= count), f"{path} lacks process ids"
    return [int(word) for word in path.read_text().split()]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
