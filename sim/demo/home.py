"""A demo's own folder: two demos, or a stale one, share nothing."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

KEEP_HOMES = 3


@contextmanager
def demo_home(base: Path) -> Iterator[Path]:
    """Make a folder below `base` for one demo, held by a lock while the demo lives.

    Folders of earlier demos go, except the last KEEP_HOMES and those whose demo still lives.
    """
    base.mkdir(parents=True, exist_ok=True)
    _remove_old(base)
    home = Path(tempfile.mkdtemp(prefix=f"{datetime.now(UTC):%Y%m%dT%H%M%S}-", dir=base))
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield home


def _remove_old(base: Path) -> None:
    homes = sorted((path for path in base.iterdir() if path.is_dir()), reverse=True)
    for home in homes[KEEP_HOMES:]:
        if not _is_live(home):
            shutil.rmtree(home)


def _is_live(home: Path) -> bool:
    try:
        with (home / ".lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
