"""A real redis server on loopback, with a password, for as long as a test needs it."""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import redis

from sim.rigs.ports import LOOPBACK, ReservedPort
from tests.support.needs import require_program

_START_S = 30.0


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Start a server in a folder and yield its URL."""
    program = require_program("redis-server")
    password = secrets.token_hex(8)
    with closing(ReservedPort()) as port:
        options = ["--port", str(port.number), "--bind", LOOPBACK, "--dir", str(folder), "--save", ""]
        command = ["redis-server", *options, "--requirepass", password]  # one program, told apart by its name
        process = subprocess.Popen(command, executable=program, stdout=subprocess.DEVNULL)
        url = f"redis://:{password}@{LOOPBACK}:{port.number}/0"
        try:
            _wait_for(url)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _START_S
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
