"""One shell that a person has open: blocks are typed into it one after the other."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from types import TracebackType

import psutil

from sim.rigs.processes import is_alive, kill_until_none, living_below

_END = "-- the end of a step --"


class StepFailed(Exception):
    """A step of the README ended with an error."""


class Shell:
    """bash, which ends at the first command that fails; whatever it started ends with it."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        pipe = subprocess.PIPE
        self._bash = subprocess.Popen(
            ["bash", "-euo", "pipefail"],
            cwd=folder,
            env=environ,
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bash.kill()
        kill_until_none(self.running)
        self._bash.wait(10)
        for stream in (self._bash.stdin, self._bash.stdout):
            if stream is not None:
                stream.close()

    def type(self, code: str) -> str:
        """Run a block and return what it printed.

        Raises:
            StepFailed: a command of it failed.
        """
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{code}\necho\necho '{_END}'\n".encode())
        self._bash.stdin.flush()
        said: list[str] = []
        for line in self._bash.stdout:
            if line.decode(errors="replace").strip() == _END:
                return "".join(said).rstrip()
            said.append(line.decode(errors="replace"))
        raise StepFailed(f"this step of the README fails:\n\n{code}\n\nIt printed:\n\n{''.join(said).rstrip()}")

    def running(self) -> list[psutil.Process]:
        """Return what it started and is still there, also when the shell itself has ended."""
        ours = [one for one in psutil.process_iter() if one.pid != self._bash.pid and _session(one) == self._bash.pid]
        return [one for one in {*ours, *(below for each in ours for below in living_below(each))} if is_alive(one)]

    def cpu_s(self) -> float:
        """Return the processor seconds of the shell and of all that it started, ended children with them."""
        spent = 0.0
        for one in [psutil.Process(self._bash.pid), *self.running()]:
            with contextlib.suppress(psutil.Error):
                spent += sum(one.cpu_times()[:4])
        return spent


def _session(process: psutil.Process) -> int | None:
    """Return the session of a process: its own children keep it, whoever their parent is now."""
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return None
