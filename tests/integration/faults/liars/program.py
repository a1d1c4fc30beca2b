"""A liar's Python as the inventory names it: a shell that becomes the real one wherever its lie is not concerned."""

from __future__ import annotations

import compileall
import io
import shlex
import sys
import zipfile
from pathlib import Path

import numpy as np

from tests.integration.faults.liars import liar
from tests.integration.faults.liars.deploying import DEPLOY
from tests.integration.faults.liars.lies import JOURNALS

_PYTHON = shlex.quote(sys.executable)
_LIBRARY = shlex.quote(str(Path(np.__file__).parents[1]))


def unpack_worker(worker: bytes, folder: Path) -> None:
    """Put a worker's sources where Python finds them compiled: each start of worker.pyz compiles them anew."""
    with zipfile.ZipFile(io.BytesIO(worker)) as archive:
        archive.extractall(folder)  # noqa: S202 - our own
    compileall.compile_dir(folder, quiet=1)


def write_program(program: Path, sources: Path, kind: str, name: str) -> None:
    """Write the program that tells one lie; what does not depend on the truth, it prints from a file beside it."""
    words = (liar.__file__, f"{kind} / {name}", str(sources))
    lie = f'PYTHONPATH={_LIBRARY} exec {_PYTHON} -S {shlex.join(words)} "$@"'
    fixed = {"deploy": DEPLOY, "journals": JOURNALS}.get(kind, {})
    if name in fixed:
        said = program.with_name(f"{program.name}-says")
        said.write_bytes(fixed[name])
        asked = fixed[name].count(b"\n") - 1  # the first line says that it is ready
        lie = f"cat {shlex.quote(str(said))}; head -n {max(asked, 0)} >/dev/null; exit"
    program.write_text(f'#!/bin/sh\ncase "$*" in {_concerned(kind, name)} {lie} ;; esac\nexec {_PYTHON} "$@"\n')
    program.chmod(0o700)


def _concerned(kind: str, name: str) -> str:
    """Return the shell's pattern for the arguments of the command that the lie is about."""
    step = {"live": "serve", "journals": "journals"}.get(kind) or name.partition(":")[0]
    words = {"present": '"present"', "journals": "gpu*.jsonl"}.get(step, f" {step} --")
    return f"*{shlex.quote(words)}*)"
