"""The shell commands that travel to a rig: pure functions, each value quoted once, last."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import PurePosixPath

from scorer_core.rig import scripts
from scorer_core.rig.gpus import GpuVendor
from scorer_core.rig.health.check import Phase
from scorer_core.rig.paths import RigPaths


def make_folder(folder: PurePosixPath) -> str:
    """Return the command that makes a private folder and its parents."""
    return _join("mkdir", "-p", "-m", "700", "--", str(folder))


def script(python: str, name: str, *arguments: str) -> str:
    """Return the command that runs one of our scripts with Python alone."""
    return _join(python, "-I", "-c", scripts.source(name), *arguments)


def clean(python: str, root: PurePosixPath, keep_runs: int, keep_days: float, live: Iterable[str]) -> str:
    """Return the command that applies the retention below a root."""
    return script(python, "clean", str(root), str(keep_runs), str(keep_days), *live)


def table(python: str, paths: RigPaths, *, worker_sha256: str, pool_sha256: str, mask_policy: str, threads: int) -> str:
    """Return the command that makes a pool's table unless it is there, and says how far it is."""
    return _held(
        python,
        paths,
        worker_sha256,
        threads,
        "table",
        f"--pool-sha256={pool_sha256}",
        f"--policy={mask_policy}",
    )


def probe(python: str, worker: PurePosixPath, vendor: GpuVendor) -> str:
    """Return the command that prints GPU count, Python and numpy."""
    return _join(python, str(worker), "probe", "--vendor", vendor.value)


def health(
    python: str,
    paths: RigPaths,
    *,
    worker_sha256: str,
    vendor: GpuVendor,
    gpus: Iterable[int],
    phase: Phase,
    slots: int,
    threads: int,
    head_time: float,
    stale_s: float,
) -> str:
    """Return the command by which a rig looks at itself."""
    return _held(
        python,
        paths,
        worker_sha256,
        threads,
        "health",
        f"--vendor={vendor.value}",
        *(f"--gpu={gpu}" for gpu in gpus),
        f"--phase={phase.value}",
        f"--slots={slots}",
        f"--head-time={head_time:.3f}",
        f"--stale-s={stale_s}",
    )


def check(
    python: str,
    paths: RigPaths,
    *,
    node: str,
    worker_sha256: str,
    pool_sha256: str,
    threads: int = 1,
    table: str | None = None,
) -> str:
    """Return the command of the smoke test: requests on standard input, an evaluation each out."""
    return _held(
        python,
        paths,
        worker_sha256,
        threads,
        "check",
        f"--node={node}",
        f"--pool-sha256={pool_sha256}",
        *([] if table is None else [f"--table={table}"]),
    )


def serve(
    python: str,
    paths: RigPaths,
    *,
    node: str,
    run_id: str,
    gpu: int,
    vendor: GpuVendor,
    worker_sha256: str,
    pool_sha256: str,
    silence_s: float,
    cache_mb: int,
    health_s: float = 0.0,
    threads: int = 1,
    table: str | None = None,
) -> str:
    """Return the command that becomes a worker; `exec`, so that it is the process that the channel holds."""
    return _held(
        python,
        paths,
        worker_sha256,
        threads,
        "serve",
        f"--node={node}",
        f"--run-id={run_id}",
        f"--gpu={gpu}",
        f"--vendor={vendor.value}",
        f"--worker-sha256={worker_sha256}",
        f"--pool-sha256={pool_sha256}",
        f"--silence-s={silence_s}",
        f"--cache-mb={cache_mb}",
        f"--health-s={health_s}",
        *([] if table is None else [f"--table={table}"]),
    )


def _held(python: str, paths: RigPaths, worker_sha256: str, threads: int, name: str, *options: str) -> str:
    """Return a command of the worker whose process the channel holds itself, by `exec`."""
    worker = str(paths.worker(worker_sha256))
    return "exec " + _join(python, "-u", worker, f"--threads={threads}", name, f"--root={paths.root}", *options)


def _join(*words: str) -> str:
    return shlex.join(words)
