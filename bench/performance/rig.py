"""A rig's folder with a pool and its table, made as `deploy_worker` makes it, and workers that map it."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bench.performance.measured import Used, run_measured
from bench.performance.pools import pool_of
from scorer_core.pool.files import npz_bytes
from scorer_core.rig.paths import RigPaths
from scorer_core.scoring.policies import MaskPolicy

POLICY = MaskPolicy.MAX_OFFSET


@dataclass(frozen=True)
class Rig:
    """A root with pool and table; what the table's maker used."""

    root: Path
    pool_sha256: str
    table_mb: float
    maker: Used

    @property
    def table(self) -> Path:
        """Return the table's file."""
        return Path(RigPaths(PurePosixPath(self.root)).table(self.pool_sha256, POLICY.value))


@contextmanager
def rig_of(rows: int) -> Iterator[Rig]:
    """Make a rig for a pool of so many rows; the folder goes with it."""
    with tempfile.TemporaryDirectory() as folder:
        paths = RigPaths(PurePosixPath(folder))
        writer = multiprocessing.get_context("spawn").Pool(1)  # this process stays small: a child begins as large
        with writer:
            sha256 = writer.apply(write_pool, (folder, rows))
        command = [sys.executable, "-m", "scorer_core.rig.main", "table", f"--root={folder}"]
        used = run_measured([*command, f"--pool-sha256={sha256}", f"--policy={POLICY.value}"])
        size = Path(paths.table(sha256, POLICY.value)).stat().st_size
        yield Rig(Path(folder), sha256, size / 1e6, used)


def write_pool(root: str, rows: int) -> str:
    """Write a pool where deploy pushes it, and return its SHA-256."""
    paths = RigPaths(PurePosixPath(root))
    pool = pool_of(rows)
    content = npz_bytes(pool.to_columns())
    sha256 = hashlib.sha256(content).hexdigest()
    file = Path(paths.pool(sha256))
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return sha256


def work(rig: Rig, shards: int, trials: int) -> dict[str, Any]:
    """Run a worker to its end on so many shards, evenly chosen, and trials; return what it says of itself."""
    done = subprocess.run(_command(rig, shards, trials), check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@contextmanager
def working(rig: Rig, workers: int) -> Iterator[list[int]]:
    """Have so many workers at once that have swept a shard and stay; yield their process ids."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen([*_command(rig, 1, 0), "--stay"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            for _ in range(workers)
        ]
        for process in processes:
            if process.stdout is None or not process.stdout.readline():
                raise RuntimeError("a worker ended before it had swept its shard; what it wrote is above.")
        yield [process.pid for process in processes]
        for process in processes:
            if process.stdin is not None:
                process.stdin.close()


def _command(rig: Rig, shards: int, trials: int) -> list[str]:
    return [sys.executable, "-m", "bench.performance.mapped", str(rig.root), rig.pool_sha256, str(shards), str(trials)]
