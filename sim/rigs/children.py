"""The commands that a simulated node runs, as its child processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Child:
    """A running command: our ends of its three pipes, and its exit code (negative: the signal)."""

    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    exited: asyncio.Future[int]


class Children:
    """Starts commands in the node's home directory and reaps them.

    Lives in one event loop. It owns every child of the process, adopted orphans included: nothing
    else in the process may wait for children.
    """

    def __init__(self, home: Path, gpus: str) -> None:
        self._home = home
        self._environment = {
            "HOME": str(home),
            "PATH": _PATH,
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "SCORER_RIG_GPUS": gpus,
        }
        self._running: dict[int, tuple[subprocess.Popen[bytes], asyncio.Future[int]]] = {}

    def start(self, command: str | None) -> Child:
        """Run a command line with /bin/sh in a session of its own; without one, the shell itself.

        Raises:
            OSError: it cannot be started.
        """
        argv = ["/bin/sh"] if command is None else ["/bin/sh", "-c", command]
        popen = subprocess.Popen(  # noqa: S603 - running what an authenticated user asks for is the purpose
            argv,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._home,
            env=self._environment,
            start_new_session=True,
        )
        if popen.stdin is None or popen.stdout is None or popen.stderr is None:
            raise OSError("a child was started without pipes")
        exited = asyncio.get_running_loop().create_future()
        self._running[popen.pid] = (popen, exited)
        return Child(popen.stdin, popen.stdout, popen.stderr, exited)

    def reap(self) -> None:
        """Collect every child that has ended; to be called on SIGCHLD."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._running:
                popen, exited = self._running.pop(pid)
                popen.returncode = os.waitstatus_to_exitcode(status)
                if not exited.done():
                    exited.set_result(popen.returncode)
