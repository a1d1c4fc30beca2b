"""`python -m bench.performance`: measure what we claim about speed, and write the table and the page.

What is not measured this time stays as the last record has it, with its own date.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.performance import (
    command,
    dag,
    doubt,
    earlier,
    growth,
    health,
    judged,
    kernels,
    lanes,
    memory,
    slow_rigs,
    storages,
    sweep,
    trial,
    watched,
)
from bench.performance.page import write_page
from bench.performance.result import Size

BENCHMARKS = {
    "trial": trial.measure,
    "sweep": sweep.measure,
    "earlier": earlier.measure,
    "command": command.measure,
    "judged": judged.measure,
    "kernels": kernels.measure,
    "lanes": lanes.measure,
    "doubt": doubt.measure,
    "storages": storages.measure,
    "growth": growth.measure,
    "memory": memory.measure,
    "dag": dag.measure,
    "health": health.measure,
    "slow_rigs": slow_rigs.measure,
    "watched": watched.measure,
}


def main() -> int:
    """Run the benchmarks; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.performance", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(BENCHMARKS), help="this one; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the program out")
    parser.add_argument("--out", type=Path, default=Path("bench/results"), help="folder (default %(default)s)")
    parser.add_argument("--page", type=Path, default=Path("docs/performance.md"), help="default %(default)s")
    args = parser.parse_args()
    size = Size(quick=args.quick)
    results = {}
    for name in args.only or BENCHMARKS:
        result = BENCHMARKS[name](size)
        told_by = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "command": f"python -m bench.performance --only {name}"}
        results[name] = {**asdict(result), **told_by}
        for line in result.lines:
            told = f" MISSED {line.target}" if line.met is False else ""
            print(f"{name}: {line.what}: {line.measured}{told}", flush=True)
    kept = {} if size.quick else kept_results(args.out)
    record = {
        "command": "python -m bench.performance " + shlex.join(sys.argv[1:]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in ("numpy", "optuna")}},
        "results": {name: {**kept, **results}[name] for name in BENCHMARKS if name in {**kept, **results}},
    }
    out = args.out / f"{datetime.now(UTC):%Y-%m-%d}.json"
    args.out.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n")
    write_page(args.page, out.as_posix(), record)
    missed = [line for result in results.values() for line in result["lines"] if line["met"] is False]
    return 1 if missed else 0


def kept_results(folder: Path) -> dict[str, Any]:
    """Return the results of the last record in a folder, each with the date when it was measured."""
    records = sorted(folder.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].json"))
    if not records:
        return {}
    last = json.loads(records[-1].read_text())
    return {name: {"date": last["date"][:10], **result} for name, result in last["results"].items()}


if __name__ == "__main__":
    raise SystemExit(main())
