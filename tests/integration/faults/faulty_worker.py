"""The real worker with a main that obeys files on the rig: trials that raise, trials that wait."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scorer_core.transport import bundle
from scorer_core.transport.bundle import Bundle

FAILS = "failing_trials"
HOLD = "hold"
EVERY = "every"

_MAIN = """import os, sys, time
os.umask(0o077)
from scorer_core.rig import worker

real = worker.run_request

def faulty(scorer, request, origin):
    root = next(word.partition("=")[2] for word in sys.argv if word.startswith("--root="))
    while os.path.exists(os.path.join(root, "{hold}")):
        time.sleep(0.05)
    try:
        failing = open(os.path.join(root, "{fails}")).read().split()
    except FileNotFoundError:
        failing = []
    if "{every}" in failing or str(request.trial_number) in failing:
        raise MemoryError("out of GPU memory")
    return real(scorer, request, origin)

worker.run_request = faulty
from scorer_core.rig.main import main
sys.exit(main())
"""


@contextmanager
def faulty_workers() -> Iterator[None]:
    """Let runs that are prepared meanwhile ship the faulty worker."""
    main = _MAIN.format(hold=HOLD, fails=FAILS, every=EVERY).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle.build().content)) as real, zipfile.ZipFile(buffer, "w") as faulty:
        for entry in real.infolist():
            faulty.writestr(entry, main if entry.filename == "__main__.py" else real.read(entry))
    made = Bundle(buffer.getvalue(), hashlib.sha256(buffer.getvalue()).hexdigest())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "build", lambda: made)
        yield


def let_fail(root: Path, *trials: int | str) -> None:
    """Say which trials raise on a node: their numbers, or EVERY."""
    root.mkdir(parents=True, exist_ok=True)
    (root / FAILS).write_text(" ".join(str(trial) for trial in trials))


def hold_all(roots: Iterable[Path]) -> None:
    """Let every trial on these nodes wait until `release`."""
    for root in roots:
        root.mkdir(parents=True, exist_ok=True)
        (root / HOLD).touch()


def release(roots: Iterable[Path]) -> None:
    """Let the trials go on."""
    for root in roots:
        (root / HOLD).unlink(missing_ok=True)
