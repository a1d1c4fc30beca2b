"""A rig's root on this machine, and real processes on it: worker.pyz and small programs around our modules.

Standard library only, like all tests of what is shipped to rigs.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from scorer_core.rig.paths import RigPaths
from scorer_core.rig.protocol import HEARTBEAT, TrialResult, decode, encode, result_from_json
from scorer_core.scoring.trial import TrialRequest
from scorer_core.transport.bundle import Bundle

ROOT = Path(__file__).parents[3]
RUN = "manual__2024-05-06T07:08:09+00:00"
PATIENCE_S = 20.0


class Process:
    """A process that is spoken to in lines; killed when the test is over, however it ends."""

    def __init__(self, command: list[str], **environ: str) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={**os.environ, **environ},
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def read(self) -> bytes:
        """Return the next line, or b"" at the end; nothing may stay unread in Python's buffer, so no select then."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        assert ready, f"no answer within {PATIENCE_S:g} s"
        line = bytearray()
        while not line.endswith(b"\n"):
            byte = os.read(self.process.stdout.fileno(), 1)
            if not byte:
                break
            line += byte
        return bytes(line)

    def end_input(self) -> int:
        """Close standard input and return the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(PATIENCE_S)

    def errors(self) -> str:
        """Return what it wrote to standard error; to be asked when it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def close(self) -> None:
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                pass


class Worker(Process):
    """worker.pyz, serving."""

    def receive(self) -> tuple[str, dict[str, Any]]:
        """Return the next message that is not a heartbeat."""
        while (line := self.read()) == HEARTBEAT:
            pass
        return decode(line)

    def ask(self, request: TrialRequest) -> TrialResult:
        self.send(encode("trial", request.to_json()))
        kind, body = self.receive()
        assert kind == "result", body
        return result_from_json(body)


@dataclass(frozen=True)
class Rig:
    """A root with a worker and a pool where they belong."""

    paths: RigPaths
    worker_sha256: str
    pool_sha256: str

    @property
    def program(self) -> Path:
        return Path(self.paths.worker(self.worker_sha256))

    @property
    def pool(self) -> Path:
        return Path(self.paths.pool(self.pool_sha256))

    def journal(self, gpu: int) -> Path:
        return Path(self.paths.journal(RUN, gpu))

    @contextmanager
    def serve(self, gpu: int = 3, run_id: str = RUN, vendor: str = "nvidia", **environ: str) -> Iterator[Worker]:
        """Start a worker; its hello is still to be read."""
        worker = Worker(self.command(gpu, run_id, vendor=vendor), **environ)
        try:
            yield worker
        finally:
            worker.close()

    def command(self, gpu: int = 3, run_id: str = RUN, **changes: str) -> list[str]:
        """Return the command line of a worker."""
        options = {
            "root": str(self.paths.root),
            "node": "rig-a",
            "run-id": run_id,
            "gpu": str(gpu),
            "vendor": "nvidia",
            "worker-sha256": self.worker_sha256,
            "pool-sha256": self.pool_sha256,
            "silence-s": "20",
            "cache-mb": "16",
            **changes,
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        return [sys.executable, "-u", str(self.program), "serve", *words]


def make_rig(root: Path, bundle: Bundle, pool: bytes) -> Rig:
    """Put a worker and a pool below a root, as a deployment does."""
    rig = Rig(RigPaths(PurePosixPath(root)), bundle.sha256, hashlib.sha256(pool).hexdigest())
    for path, content in ((rig.program, bundle.content), (rig.pool, pool)):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    return rig


@contextmanager
def program(text: str, *arguments: str) -> Iterator[Process]:
    """Run Python text that imports scorer_core."""
    process = Process([sys.executable, "-u", "-c", text, *arguments], PYTHONPATH=str(ROOT))
    try:
        yield process
    finally:
        process.close()


def alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def becomes(condition: Callable[[], bool]) -> bool:
    """Wait until a condition holds; say whether it did in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def report(text: str) -> dict[str, str]:
    """Return the error that a worker reported in the last line of its standard error."""
    found: dict[str, str] = json.loads(text.strip().splitlines()[-1])
    return found
