"""Given a reserved port: nobody gets it, nothing answers on it, and a server may still take it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from sim.rigs.ports import ReservedPort, speaks_ssh
from tests.sim.rigs.client import listens


@pytest.fixture
def port() -> Iterator[ReservedPort]:
    with contextlib.closing(ReservedPort()) as reserved:
        yield reserved


def bind(number: int, *, as_a_server: bool) -> socket.socket:
    found = socket.socket()
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(as_a_server))
        found.bind(("127.0.0.1", number))
    except OSError:
        found.close()
        raise
    return found


def test_connecting_to_it_is_refused(port: ReservedPort) -> None:
    assert not listens(port.number)
    assert not speaks_ssh(port.number)


def test_a_stranger_cannot_bind_it_until_it_is_closed(port: ReservedPort) -> None:
    with pytest.raises(OSError, match="in use"):
        bind(port.number, as_a_server=False)
    port.close()
    bind(port.number, as_a_server=False).close()


def test_a_server_takes_it_and_takes_it_again_after_its_end(port: ReservedPort) -> None:
    for _ in range(2):
        with bind(port.number, as_a_server=True) as server:
            server.listen()
            assert listens(port.number)
        assert not listens(port.number)


def test_a_server_that_speaks_another_protocol_is_no_ssh_server(port: ReservedPort) -> None:
    with bind(port.number, as_a_server=True) as server:
        server.listen()
        assert not speaks_ssh(port.number, timeout_s=0.1)
