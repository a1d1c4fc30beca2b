"""A network of our own: a namespace with one OpenSSH server, on a cable whose packets can be made to vanish.

The namespace and the pair of virtual interfaces are the test's, and so are both addresses (from
198.18.0.0/15, which RFC 2544 sets aside for benchmarks): no other traffic is touched.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from sim.rigs.processes import living_at
from tests.support.needs import leave_out, require_program
from tests.support.sshd import OpenSshServer

_NOBODY = "02:00:00:00:00:01"  # a hardware address that neither end of the cable has
_READY_S = 15.0


def require_root() -> None:
    """Skip a test that needs root; fail it where CI is set, for there nothing is left out."""
    if os.geteuid() != 0:
        leave_out("this test makes mounts or network namespaces: run it as root")


class Cable:
    """A virtual cable between this machine and a namespace; a context manager that removes both."""

    def __init__(self) -> None:
        token = secrets.token_hex(3)
        self.namespace = f"scorer-{token}"
        self._here, self._there = f"sch{token}", f"scn{token}"
        third, fourth = secrets.randbelow(256), 4 * secrets.randbelow(63)
        self.address_here = f"198.18.{third}.{fourth + 1}"
        self.address = f"198.18.{third}.{fourth + 2}"

    def __enter__(self) -> Cable:
        require_root()
        self._program = require_program("ip")
        made = self._try("netns", "add", self.namespace)
        if made.returncode:
            leave_out(f"this test needs network namespaces: {made.stderr.strip()}")
        try:
            self._lay()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def command(self, *words: str | Path) -> list[str]:
        """Return the command that runs another one inside the namespace; it becomes that process."""
        return [str(word) for word in (self._program, "netns", "exec", self.namespace, *words)]

    def cut(self) -> None:
        """Send every packet, in both directions, to nobody: no reset, no refusal, no lost carrier."""
        vain = ("lladdr", _NOBODY, "nud", "permanent")
        self._ip("neigh", "replace", self.address, "dev", self._here, *vain)
        self._inside("neigh", "replace", self.address_here, "dev", self._there, *vain)

    def mend(self) -> None:
        """Let packets arrive again."""
        self._ip("neigh", "del", self.address, "dev", self._here)
        self._inside("neigh", "del", self.address_here, "dev", self._there)

    def _lay(self) -> None:
        self._ip("link", "add", self._here, "type", "veth", "peer", "name", self._there, "netns", self.namespace)
        self._ip("addr", "add", f"{self.address_here}/30", "dev", self._here)
        self._ip("link", "set", self._here, "up")
        self._inside("addr", "add", f"{self.address}/30", "dev", self._there)
        self._inside("link", "set", self._there, "up")
        self._inside("link", "set", "lo", "up")

    def _remove(self) -> None:
        self._try("link", "del", self._here)
        self._try("netns", "del", self.namespace)

    def _inside(self, *words: str) -> None:
        self._ip("-n", self.namespace, *words)

    def _ip(self, *words: str) -> None:
        done = self._try(*words)
        if done.returncode:
            raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")

    def _try(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self._program, *words], capture_output=True, text=True, timeout=10, check=False)


class CabledServer(OpenSshServer):
    """The system's sshd inside a cable's namespace: reached over the cable and over nothing else."""

    def __init__(self, cable: Cable, folder: Path, name: str, *, gpus: int = 1) -> None:
        super().__init__(folder, name, gpus=gpus)
        self.host = cable.address
        self._cable = cable

    def _start(self, program: Path) -> None:
        command = self._cable.command(program, "-D", "-e", "-f", self._write_config(program))
        with self.log.open("wb") as log:
            self._server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, start_new_session=True)
        deadline = time.monotonic() + _READY_S
        while not self._serves():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"sshd does not serve; its log says:\n{self.log.read_text()}")
            time.sleep(0.02)

    def _serves(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1.0) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False


@contextmanager
def cabled_server(folder: Path, name: str, *, gpus: int = 1) -> Iterator[tuple[Cable, OpenSshServer]]:
    """Start an OpenSSH server at the far end of a cable of its own."""
    with Cable() as cable, CabledServer(cable, folder, name, gpus=gpus) as server:
        yield cable, server


def workers_at(home: Path) -> list[psutil.Process]:
    """List the workers that run on the node with this home directory."""
    found = []
    for process in living_at(home):
        with contextlib.suppress(psutil.Error):
            if any(word.endswith("/worker.pyz") for word in process.cmdline()):
                found.append(process)
    return found


def wait_until_no_worker(home: Path, timeout_s: float = 5.0) -> float:
    """Wait for the end of every worker on a node and return how long that took."""
    started = time.monotonic()
    while living := workers_at(home):
        assert time.monotonic() - started < timeout_s, f"workers survive: {[process.pid for process in living]}"
        time.sleep(0.05)
    return time.monotonic() - started
