"""Removes what earlier runs left below a root: staging at once, the rest by retention.

Arguments: root, keep_runs, keep_days, then the names that runs in progress hold: run folders, pools,
workers. Prints one JSON line.
Never touched: anything outside `incoming`, `runs`, `pools`, `workers`, `tables`; a run in progress; the newest
`keep_runs` runs; pools, workers and tables younger than `keep_days`; a table that a process has mapped.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path

STAGING_HOURS = 1.0


def clean(root: Path, keep_runs: int, keep_days: float, live: set[str], now: float) -> dict[str, list[str]]:
    """Apply the retention below `root` and return the names removed, by folder."""
    old = now - keep_days * 86400
    removed = {
        "incoming": expired(root / "incoming", now - STAGING_HOURS * 3600),
        "runs": expired(root / "runs", old, keep=keep_runs, live=live),
        "pools": expired(root / "pools", old, live=live),
        "workers": expired(root / "workers", old, live=live),
        "tables": [
            path
            for path in expired(root / "tables", old)
            if path.name.partition(".")[0] + ".npz" not in live and not mapped(path)
        ],
    }
    for paths in removed.values():
        for path in paths:
            remove(path)
    return {folder: [path.name for path in paths] for folder, paths in removed.items()}


def expired(folder: Path, before: float, keep: int = 0, live: Collection[str] = ()) -> list[Path]:
    """Return the entries last changed `before`, without the newest `keep`, the live and the hidden ones."""
    return [folder / name for name in outdated(entries(folder), before, keep, live)]


def outdated(changed: Mapping[str, float], before: float, keep: int = 0, live: Collection[str] = ()) -> list[str]:
    """Return the names last changed `before`, without the newest `keep` and the live ones, the newest first."""
    newest_first = sorted(changed, key=lambda name: (-changed[name], name))
    return [name for name in newest_first[keep:] if name not in live and changed[name] < before]


def entries(folder: Path) -> dict[str, float]:
    """Return what is in a folder, without hidden entries, and when each was last changed."""
    if not folder.is_dir():
        return {}
    return {path.name: _changed(path) for path in folder.iterdir() if not path.name.startswith(".")}


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def mapped(path: Path) -> bool:
    """Say whether a process holds the shared lock that comes with mapping a table."""
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _changed(path: Path) -> float:
    """Return when an entry, or anything directly in it, was last changed."""
    try:
        times = [path.lstat().st_mtime]
        if path.is_dir() and not path.is_symlink():
            times += [child.lstat().st_mtime for child in path.iterdir()]
    except OSError:
        return time.time()
    return max(times)


if __name__ == "__main__":
    os.umask(0o077)
    top = Path(sys.argv[1])
    top.mkdir(mode=0o700, parents=True, exist_ok=True)
    print(json.dumps(clean(top, int(sys.argv[2]), float(sys.argv[3]), set(sys.argv[4:]), time.time())))
