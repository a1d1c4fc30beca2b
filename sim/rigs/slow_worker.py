"""The real worker, whose trials last as long as a file on the rig says: for tests and benchmarks."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

from scorer_core.transport import bundle
from scorer_core.transport.bundle import Bundle

SECONDS = "seconds_per_trial"
HOLD = "hold"
"""While a file of this name is there, no trial begins."""

_MAIN = """import os, sys, time
os.umask(0o077)
from scorer_core.rig import worker

real = worker.run_request

def slow(scorer, request, origin):
    root = next(word.partition("=")[2] for word in sys.argv if word.startswith("--root="))
    try:
        seconds = float(open(os.path.join(root, "{name}")).read())
    except FileNotFoundError:
        seconds = 0.0
    while os.path.exists(os.path.join(root, "{hold}")):
        time.sleep(0.01)
    time.sleep(seconds)
    return real(scorer, request, origin)

worker.run_request = slow
from scorer_core.rig.main import main
sys.exit(main())
"""


def slow_bundle() -> Bundle:
    """Return the worker's bundle with a main that waits before each trial."""
    main = _MAIN.format(name=SECONDS, hold=HOLD).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle.build().content)) as real, zipfile.ZipFile(buffer, "w") as slow:
        for entry in real.infolist():
            slow.writestr(entry, main if entry.filename == "__main__.py" else real.read(entry))
    return Bundle(buffer.getvalue(), hashlib.sha256(buffer.getvalue()).hexdigest())


def set_seconds(root: Path, seconds: float) -> None:
    """Say how long each trial on a node lasts from now on."""
    root.mkdir(parents=True, exist_ok=True)
    (root / SECONDS).write_text(str(seconds))
