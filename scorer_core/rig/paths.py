"""Where things are on a rig, below its root. The layout is a contract: see docs/data-contracts.md."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HASHED = re.compile(r"-[0-9a-f]{8}$")
_MAX_NAME = 80


def safe_name(run_id: str) -> str:
    """Return a folder name for a run id: readable, harmless in any path or shell, one for each id."""
    readable = _UNSAFE.sub("-", run_id).strip("-.")[:_MAX_NAME] or "run"
    if readable == run_id and not _HASHED.search(run_id):
        return readable
    return f"{readable}-{hashlib.sha256(run_id.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class RigPaths:
    """Names every file of a node's root."""

    root: PurePosixPath

    def worker(self, sha256: str) -> PurePosixPath:
        """Return the worker's place: its path contains its content's SHA-256."""
        return self.root / "workers" / _checked_sha(sha256) / "worker.pyz"

    def pool(self, sha256: str) -> PurePosixPath:
        """Return the place of a pool."""
        return self.root / "pools" / f"{_checked_sha(sha256)}.npz"

    def table(self, pool_sha256: str, mask_policy: str) -> PurePosixPath:
        """Return the place of what all workers of the node map of a pool."""
        return self.root / "tables" / f"{_checked_sha(pool_sha256)}.{_checked_name(mask_policy)}.table"

    def incoming(self, name: str) -> PurePosixPath:
        """Return a temporary upload's place."""
        return self.root / "incoming" / _checked_name(name)

    def run(self, run_id: str) -> PurePosixPath:
        """Return the folder of one run's journals."""
        return self.root / "runs" / safe_name(run_id)

    def journal(self, run_id: str, gpu: int) -> PurePosixPath:
        """Return the journal of one GPU in one run."""
        return self.run(run_id) / f"gpu{int(gpu)}.jsonl"

    def lock(self, gpu: int) -> PurePosixPath:
        """Return the lock file of one GPU."""
        return self.root / "locks" / f"gpu{int(gpu)}.lock"


def _checked_sha(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is not a SHA-256 in lower-case hexadecimal")
    return sha256


def _checked_name(name: str) -> str:
    if not _SAFE.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain file name")
    return name
