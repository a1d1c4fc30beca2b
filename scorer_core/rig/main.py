"""The command line of worker.pyz: `probe`, `health`, `check`, `table` and `serve`. Standard library and numpy only."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path, PurePosixPath
from typing import Any

from scorer_core.rig import gpus
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.threads import limit_threads
from scorer_core.rig.versions import MIN_NUMPY, MIN_PYTHON

EXIT_FAILED = 1


def main(argv: list[str] | None = None) -> int:
    """Run one command; errors go to standard error as one JSON line with the error's type."""
    arguments = _parser().parse_args(argv)
    limit_threads(arguments.threads)
    try:
        arguments.run(arguments)
    except Exception as error:  # the last resort of a process: reported whole, never hidden
        sys.stderr.write(json.dumps({"error": type(error).__name__, "message": str(error)}) + "\n")
        return EXIT_FAILED
    return 0


def _probe(arguments: argparse.Namespace) -> None:
    seen = gpus.probe(gpus.GpuVendor(arguments.vendor))
    report = {
        "gpus": seen.count,
        "gpu_source": seen.source,
        "gpu_problem": seen.problem,
        "python": platform.python_version(),
        "python_fits": sys.version_info[:2] >= MIN_PYTHON,
        "cores": len(os.sched_getaffinity(0)),
        **_numpy(),
    }
    sys.stdout.write(json.dumps(report) + "\n")


def _numpy() -> dict[str, object]:
    try:
        import numpy as np
    except ImportError as error:
        return {"numpy": None, "numpy_fits": False, "numpy_error": str(error)}
    version = tuple(int(part) for part in np.__version__.split(".")[:2])
    return {"numpy": np.__version__, "numpy_fits": version >= MIN_NUMPY}


def _health(arguments: argparse.Namespace) -> None:
    """Look at the rig once and print what every check of the phase found."""
    from scorer_core.rig.health.check import Phase
    from scorer_core.rig.health.look import look
    from scorer_core.rig.health.place import Place

    place = Place(
        vendor=arguments.vendor,
        gpus=tuple(arguments.gpu),
        root=Path(arguments.root),
        slots=arguments.slots,
        threads=arguments.threads,
        head_time=arguments.head_time,
        stale_s=arguments.stale_s,
    )
    found = look(place, Phase(arguments.phase))
    sys.stdout.write(json.dumps({"findings": [finding.to_json() for finding in found]}) + "\n")


def _check(arguments: argparse.Namespace) -> None:
    """Answer requests read from standard input, as a worker of this node would: the smoke test."""
    from scorer_core.rig.check import check
    from scorer_core.rig.worker import scorer_on

    paths = RigPaths(PurePosixPath(arguments.root))
    scorer = scorer_on(paths, arguments.node, pool_sha256=arguments.pool_sha256, table=arguments.table)
    check(scorer, sys.stdin.buffer, sys.stdout.buffer)


def _table(arguments: argparse.Namespace) -> None:
    """Make the table of a pool unless it is there, whole; print how far it is, and at last what came of it."""
    from scorer_core.rig.tables import ensure_table

    def tell(**message: object) -> None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    size, made = ensure_table(
        RigPaths(PurePosixPath(arguments.root)),
        arguments.pool_sha256,
        arguments.policy,
        lambda words: tell(progress=words),
    )
    tell(bytes=size, made=made)


def _serve(arguments: argparse.Namespace) -> None:
    from scorer_core.rig.worker import Assignment, serve

    assignment = Assignment(
        paths=RigPaths(PurePosixPath(arguments.root)),
        node=arguments.node,
        run_id=arguments.run_id,
        gpu=arguments.gpu,
        vendor=gpus.GpuVendor(arguments.vendor),
        worker_sha256=arguments.worker_sha256,
        pool_sha256=arguments.pool_sha256,
        silence_s=arguments.silence_s,
        cache_bytes=arguments.cache_mb * 2**20,
        table=arguments.table,
        health_s=arguments.health_s,
    )
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    # A reader of its own: at exit Python would abort on sys.stdin's lock, which the leash's thread holds.
    serve(assignment, os.fdopen(0, "rb", closefd=False), replies)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="worker.pyz", description="The worker of the Scorer Meta-Optimizer.")
    parser.add_argument("--threads", type=int, default=1, help="threads for matrix products (default %(default)s)")
    commands = parser.add_subparsers(required=True)
    vendors = [vendor.value for vendor in gpus.GpuVendor]
    probe = commands.add_parser("probe", help="print GPU count, Python and numpy as JSON")
    probe.add_argument("--vendor", choices=vendors, required=True)
    probe.set_defaults(run=_probe)
    _add_health(commands, vendors)
    check = commands.add_parser("check", help="answer requests from standard input, on the whole pool")
    for name in ("root", "node", "pool-sha256"):
        check.add_argument(f"--{name}", required=True)
    check.add_argument("--table", metavar="POLICY", help="map the pool's table for this mask policy, read no pool")
    check.set_defaults(run=_check)
    table = commands.add_parser("table", help="make what all workers of this node map of a pool")
    for name in ("root", "pool-sha256", "policy"):
        table.add_argument(f"--{name}", required=True)
    table.set_defaults(run=_table)
    serve = commands.add_parser("serve", help="answer trial requests until standard input ends")
    for name in ("root", "node", "run-id", "worker-sha256", "pool-sha256"):
        serve.add_argument(f"--{name}", required=True)
    serve.add_argument("--gpu", type=int, required=True)
    serve.add_argument("--vendor", choices=vendors, required=True)
    serve.add_argument("--silence-s", type=float, required=True, help="seconds without a sign of life")
    serve.add_argument("--health-s", type=float, default=0.0, help="seconds between two looks at the GPU; 0 is never")
    serve.add_argument("--cache-mb", type=int, required=True, help="MiB of residues to hold")
    serve.add_argument("--table", metavar="POLICY", help="map the pool's table for this mask policy, read no pool")
    serve.set_defaults(run=_serve)
    return parser


def _add_health(commands: Any, vendors: list[str]) -> None:
    health = commands.add_parser("health", help="print how the rig and its GPUs are as JSON")
    health.add_argument("--root", required=True)
    health.add_argument("--vendor", choices=vendors, required=True)
    health.add_argument("--gpu", type=int, action="append", required=True, help="one to look at; may be repeated")
    health.add_argument("--phase", choices=("deploy", "lane", "run", "between"), required=True)
    health.add_argument("--slots", type=int, default=1)
    health.add_argument("--head-time", type=float, help="the head's clock, in seconds since 1970")
    health.add_argument("--stale-s", type=float, default=60.0, help="seconds after which a silent worker is left over")
    health.set_defaults(run=_health)


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
