"""The tables of a rig: made once for a pool and a policy, by one process at a time, and mapped by all workers."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scorer_core.errors import TableError
from scorer_core.pool.survivors import load_pool
from scorer_core.rig.files import sha256_of
from scorer_core.rig.paths import RigPaths
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.sweep.rows import Columns, SweepRows
from scorer_core.scoring.sweep.table import load_table, make_table

_MOUNTS = Path("/proc/self/mounts")
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs", "lustre")


def ensure_table(paths: RigPaths, pool_sha256: str, policy: str, progress: Callable[[str], None]) -> tuple[int, bool]:
    """Make a pool's table unless it is there, whole; return its size in bytes and whether it was made.

    Raises:
        TableError: the disk is full or of another machine, or the pool is not the one that was pushed.
    """
    path = Path(paths.table(pool_sha256, policy))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    refuse_network(path.parent)
    with _alone(path, progress):
        if not _is_whole(path, pool_sha256, policy):
            pool = Path(paths.pool(pool_sha256))
            if sha256_of(pool) != pool_sha256:
                raise TableError(f"{pool.name} was altered after it was pushed. Clear deploy_worker to push it again.")
            columns = Columns.of(load_pool(pool))
            progress(f"{len(columns):,} rows are ordered")
            make_table(path, Path(paths.root / "incoming"), columns, MaskPolicy(policy), pool_sha256, progress)
            return path.stat().st_size, True
    os.utime(path)  # used now, for the retention
    return path.stat().st_size, False


def mapped_table(paths: RigPaths, pool_sha256: str, policy: str) -> SweepRows:
    """Map a pool's table, checked to the last byte.

    Raises:
        TableError: it is not there, torn, altered, or another pool's.
    """
    return load_table(Path(paths.table(pool_sha256, policy)), MaskPolicy(policy), pool_sha256)


def refuse_network(folder: Path, mounts: Path = _MOUNTS) -> None:
    """Refuse a folder on another machine's disk: there, a map may show what nobody wrote, and locks may not hold.

    Raises:
        TableError: it is on a network file system.
    """
    best = ("", "")
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, where, kind, *_ = line.split(" ")
        point = where.encode().decode("unicode_escape")
        if folder.resolve().is_relative_to(point) and len(point) >= len(best[0]):
            best = point, kind
    if best[1] in _NETWORK:
        raise TableError(f"{folder} is on a network file system ({best[1]}). Set `tables: false`, or a root on a disk.")


def _is_whole(path: Path, pool_sha256: str, policy: str) -> bool:
    if not path.exists():
        return False
    try:
        load_table(path, MaskPolicy(policy), pool_sha256)
    except TableError:
        path.unlink()  # so that it can only be made again, never used
        return False
    return True


@contextmanager
def _alone(path: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process makes this table; a maker that was killed holds nothing up."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process is making it: waiting")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
