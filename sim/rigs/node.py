"""One simulated node as its starter sees it: specification, files, process."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from scorer_core.errors import ScorerError
from sim.rigs.keys import KeyPair, make_key_pair
from sim.rigs.ports import LOOPBACK, ReservedPort, speaks_ssh
from sim.rigs.processes import cut_power, is_alive, kill_until_none, living_at, living_below
from sim.rigs.server import AUTHORIZED_KEYS_FILE, HOME_FOLDER, HOST_KEY_FILE, READY_FILE

USER = "scorer"
_REPOSITORY = Path(__file__).resolve().parents[2]
_READY_S = 30.0
_TERM_S = 5.0
_LOG_TAIL = 15


class SimulationError(ScorerError):
    """The simulated cluster cannot be started, used or stopped."""


@dataclass(frozen=True)
class NodeSpec:
    """What a node is said to be.

    `max_concurrent` None means one per GPU. `gpus_seen` None means that the node's GPU probe finds
    the number that the inventory states; another number makes a node that the inventory is wrong about.
    """

    name: str
    vendor: str
    gpus: int
    max_concurrent: int | None = None
    start_stagger_s: float = 0.0
    head: bool = False
    gpus_seen: int | None = None


class SimNode:
    """A node: its folder, its keys, its port, and the server process when it is up.

    Owned by one thread of one process; the server ends when that process does.
    """

    def __init__(self, spec: NodeSpec, folder: Path, client_key: KeyPair) -> None:
        self.spec = spec
        self.name = spec.name
        self.host = LOOPBACK
        self.user = USER
        self.folder = folder
        self.home = folder / HOME_FOLDER
        self.log = folder / "server.log"
        self.key = client_key.path
        folder.mkdir(mode=0o700)
        self.home.mkdir(mode=0o700)
        self.host_key = make_key_pair(folder / HOST_KEY_FILE).public
        (folder / AUTHORIZED_KEYS_FILE).write_text(client_key.public + "\n", encoding="ascii")
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self._server: subprocess.Popen[bytes] | None = None
        self._below: list[psutil.Process] = []  # what ran when it was asked to stop

    @property
    def running(self) -> bool:
        """Tell whether the server process is up."""
        return self._server is not None and self._server.poll() is None

    @property
    def pid(self) -> int:
        """The server's process id.

        Raises:
            SimulationError: the node is down.
        """
        if self._server is None or not self.running:
            raise SimulationError(f"{self.name}: the simulated node is down. Restart it first.")
        return self._server.pid

    def inventory_entry(self) -> dict[str, Any]:
        """Return the node's complete entry of the inventory."""
        count = self.spec.gpus
        entry: dict[str, Any] = {
            "name": self.name,
            "ssh": {
                "host": self.host,
                "port": self.port,
                "user": self.user,
                "key": str(self.key),
                "host_key": self.host_key,
            },
            "python": sys.executable,
            "root": str(self.home / "scorer"),
            "gpu": {"vendor": self.spec.vendor, "count": count},
            "max_concurrent": count if self.spec.max_concurrent is None else self.spec.max_concurrent,
            "start_stagger_s": self.spec.start_stagger_s,
        }
        return {**entry, "head": True} if self.spec.head else entry

    def launch(self) -> None:
        """Start the server process; `wait_ready` tells when it serves.

        Raises:
            SimulationError: it is up already.
        """
        if self.running:
            raise SimulationError(f"{self.name}: the simulated node is up already. Kill it first.")
        self._release()
        (self.folder / READY_FILE).unlink(missing_ok=True)
        seen = self.spec.gpus if self.spec.gpus_seen is None else self.spec.gpus_seen
        argv = [sys.executable, "-m", "sim.rigs.server", "--folder", str(self.folder), "--user", self.user]
        argv += ["--gpus", f"{self.spec.vendor}:{seen}", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603 - our own module
                argv, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=_REPOSITORY, start_new_session=True
            )

    def wait_ready(self, timeout_s: float = _READY_S) -> None:
        """Wait until the server accepts SSH connections.

        Raises:
            SimulationError: it ended, or does not answer within `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while not ((self.folder / READY_FILE).exists() and speaks_ssh(self.port)):
            if not self.running:
                raise SimulationError(f"{self.name}: the simulated node ended at its start. {self._log_tail()}")
            if time.monotonic() > deadline:
                raise SimulationError(f"{self.name}: no SSH answer within {timeout_s:g} s. {self._log_tail()}")
            time.sleep(0.02)

    def cut_power(self) -> None:
        """Kill the server and every process of the node at once; nobody gets to say goodbye. Idempotent.

        Raises:
            TimeoutError: a process survives SIGKILL.
        """
        if self._server is not None and self.running:
            cut_power(psutil.Process(self._server.pid))
            self._server.wait(_TERM_S)
        kill_until_none(lambda: living_at(self.home))
        self._release()

    def ask_to_stop(self) -> None:
        """Tell the server to end, without waiting for it; a node that is down stays so."""
        if self._server is not None and self.running:
            self._below = living_below(psutil.Process(self._server.pid))
            self._server.terminate()

    def finish(self) -> None:
        """Wait for the end of the server, enforce it when late, give the port back. Idempotent.

        Raises:
            TimeoutError: a process of the node survives SIGKILL.
        """
        if self._server is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(_TERM_S)
        self.cut_power()
        kill_until_none(lambda: [process for process in self._below if is_alive(process)])
        self._reserved.close()

    def _release(self) -> None:
        if self._server is not None and self._server.stdin is not None:
            self._server.stdin.close()

    def _log_tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL:]
        return f"The end of {self.log}:\n" + "\n".join(lines)
