"""Disks of a node's own: small enough to be filled."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.faults.network import require_root
from tests.support.needs import leave_out, require_program


@contextmanager
def small_disk(root: Path, size: int, inodes: int = 0) -> Iterator[None]:
    """Give a node's root a disk of its own, of so many bytes, and of so many files where it is not 0."""
    require_root()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    limits = f"size={size},mode=700" + (f",nr_inodes={inodes}" if inodes else "")
    made = mount("-t", "tmpfs", "-o", limits, "scorer-test", root)
    if made.returncode:
        leave_out(f"this test needs mounts: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run([require_program("umount"), "-l", root], check=True, timeout=10)


def mount(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run mount, and return how it ended."""
    return subprocess.run([require_program("mount"), *words], capture_output=True, text=True, timeout=10, check=False)
