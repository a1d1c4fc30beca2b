"""A sweep's search and its gate, one after the other as an operator runs them, evidence and both reports included."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.performance.measured import run_measured
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.gate.verdict import Verdict, row_of
from scorer_core.pool.files import write_columns

ROWS, _LIMIT_S = 44_647, 20.0


def measure(size: Size) -> Result:
    """Measure both commands on a pool whose labels say nothing."""
    pool = pool_of(size.of(ROWS, 1000))
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder, "pool.npz"), Path(folder, "run")
        write_columns(file, pool.to_columns())
        scorer, environment = [sys.executable, "-m", "scorer_core"], {"SCORER_HOME": folder}
        search = run_measured(
            [*scorer, "search", "--search", "sweep", "--pool", str(file), "--out", str(out)], environment=environment
        )
        said = [row_of(verdict).exit_code for verdict in Verdict]
        gate = run_measured([*scorer, "gate", "--run", str(out)], well=said, environment=environment)
    whole = search.cpu_s + gate.cpu_s
    told = f"{whole:.1f} CPU s, the search {search.cpu_s:.1f}, the gate {gate.cpu_s:.1f}"
    what = f"`scorer search --search sweep`, then `scorer gate`, {len(pool):,} rows, evidence and reports included"
    line = Line(what, told, f"≤ {_LIMIT_S:g} s", whole <= _LIMIT_S)
    return Result((line,), {"search_s": search.cpu_s, "gate_s": gate.cpu_s})
