"""A real OpenSSH server on loopback, with the attributes of a simulated node."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from sim.rigs.keys import make_key_pair
from sim.rigs.ports import LOOPBACK, ReservedPort, speaks_ssh
from sim.rigs.processes import cut_power
from tests.support.needs import require_program

_PRIVILEGE_SEPARATION = Path("/run/sshd")  # compiled into sshd; needed by root only
_READY_S = 15.0

_CONFIG = """\
Port {port}
ListenAddress {host}
HostKey "{folder}/host_key"
AuthorizedKeysFile "{folder}/authorized_keys" "{home}/.ssh/authorized_keys"
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitUserRC no
PrintMotd no
Subsystem sftp internal-sftp -d "{home}"
SetEnv {driver} HOME="{home}" {threads} {more}
"""
_ONE_THREAD = "OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1"
# Since 9.8 sshd turns an address away after failed logins, and all tests come from one address.
_NO_PENALTIES = "PerSourcePenalties no\n"


class OpenSshServer:
    """The system's sshd with key login for the current user; a context manager. Root or not.

    MaxStartups and MaxSessions are sshd's defaults. HOME is `home`; commands start in the user's own
    home directory, as sshd prescribes. All that it starts may run on `cores` processors, by default on any;
    `limits_threads` says whether its environment does, as no real rig's. With `programs`, a folder that comes first on
    the PATH, a driver's program is asked for its GPUs, and nothing stands in for them. Its sessions have `environ`.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "openssh",
        *,
        vendor: str = "nvidia",
        gpus: int = 2,
        cores: int | None = None,
        limits_threads: bool = True,
        programs: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.host = LOOPBACK
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.folder = folder.resolve()
        self.home = self.folder / "home"
        self.key = self.folder / "client_key"
        self.log = self.folder / "sshd.log"
        self.vendor = vendor
        self.gpus = gpus
        self.cores = cores
        self.programs = programs
        self.environ = dict(environ or {})
        self._threads = _ONE_THREAD if limits_threads else ""
        self.host_key = ""
        self.port = 0
        self._reserved: ReservedPort | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> OpenSshServer:
        program = require_program("sshd")
        self.folder.mkdir(mode=0o700, parents=True)
        self.home.mkdir(mode=0o700)
        self.host_key = make_key_pair(self.folder / "host_key").public
        client = make_key_pair(self.key)
        (self.folder / "authorized_keys").write_text(client.public + "\n")
        if os.geteuid() == 0:
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        try:
            self._start(program)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def inventory_entry(self) -> dict[str, Any]:
        """Return the node's complete entry of the inventory."""
        return {
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
            "gpu": {"vendor": self.vendor, "count": self.gpus},
            "max_concurrent": self.gpus,
            "start_stagger_s": 0.0,
        }

    def stop(self) -> None:
        """Kill sshd with all its sessions and give the port back; idempotent."""
        if self._server is not None and self._server.poll() is None:
            cut_power(psutil.Process(self._server.pid))
            self._server.wait(5)
        if self._reserved is not None:
            self._reserved.close()

    def _start(self, program: Path) -> None:
        config = self._write_config(program)
        with self.log.open("wb") as log:
            self._server = subprocess.Popen(
                [program, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stderr=log, start_new_session=True
            )
        if self.cores is not None:
            server = psutil.Process(self._server.pid)
            server.cpu_affinity(sorted(server.cpu_affinity() or [])[: self.cores])
        deadline = time.monotonic() + _READY_S
        while not speaks_ssh(self.port):
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"sshd does not serve; its log says:\n{self.log.read_text()}")
            time.sleep(0.02)

    def _path(self) -> str:
        return f'PATH="{self.programs}:/usr/local/bin:/usr/bin:/bin"'

    def _write_config(self, program: Path) -> Path:
        path = self.folder / "sshd_config"
        text = _CONFIG.format(
            port=self.port,
            host=self.host,
            folder=self.folder,
            home=self.home,
            driver=f"SCORER_RIG_GPUS={self.vendor}:{self.gpus}" if self.programs is None else self._path(),
            threads=self._threads,
            more=" ".join(f'{name}="{value}"' for name, value in self.environ.items()),
        )
        path.write_text(text + _NO_PENALTIES)
        if subprocess.run([program, "-t", "-f", path], capture_output=True, check=False).returncode != 0:
            path.write_text(text)
        return path
