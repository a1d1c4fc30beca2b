"""The sweep beside that of release 0.1, whose source is taken from the history of this repository."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from bench.performance.result import Line, Result, Size

EARLIER = "dab8c47"
"""The last commit whose sweep counted neither folds nor evidence."""
ROWS, LIMIT = 44_647, 1.5
_STEP_1_TRIALS = (60, 20_000)
_CHILD = """
import sys, time
import numpy as np
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
try:
    from scorer_core.scoring.policies import MaskPolicy
except ImportError:
    from scorer_core.scoring.space import MaskPolicy
rows, trials, step = map(int, sys.argv[1:])
rng = np.random.default_rng(1)
gap = 2**48 // (rows + 1)
seeds = np.arange(1, rows + 1, dtype=np.uint64) * np.uint64(gap) + rng.integers(0, gap, rows).astype(np.uint64)
pool = Pool(seeds, rng.random(rows) < 0.081, rng.integers(0, trials, rows))
policy = MaskPolicy.MAX_OFFSET
started = time.process_time()
scorer = PoolScorer.of(pool) if hasattr(PoolScorer, "of") else PoolScorer(pool)
for number in range(0, 143, step):
    scorer.sweep(ShardRequest(number, shard_params(policy, number), policy))
print(time.process_time() - started)
"""


def measure(size: Size) -> Result:
    """Sweep the same pools with both, in turn, and compare the least CPU seconds of each."""
    lines, numbers = [], {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            _checkout(Path(folder))
        except (subprocess.CalledProcessError, OSError, BadZipFile):
            return Result((Line("the sweep beside that of release 0.1", f"not measured: no {EARLIER} in the history"),))
        for trials in _STEP_1_TRIALS:
            arguments = [str(size.of(ROWS, 2000)), str(trials), str(size.of(1, 50))]
            sources = folder, str(Path.cwd())
            pairs = [[_seconds(source, arguments) for source in sources] for _ in range(size.of(3, 1))]
            then, now = (min(times) for times in zip(*pairs, strict=True))
            numbers[f"{trials} trials"] = [then, now]
            told = f"{now:.1f} against {then:.1f} CPU s: {now / then:.2f} times (least of {len(pairs)} each, in turn)"
            what = f"the sweep, with folds and evidence, against release 0.1's; {ROWS:,} rows, {trials:,} Step 1 trials"
            lines.append(Line(what, told, f"≤ {LIMIT:g} times", now <= LIMIT * then))
    return Result(tuple(lines), numbers)


def _checkout(folder: Path) -> None:
    archive = subprocess.run(
        [shutil.which("git") or "git", "archive", "--format=zip", EARLIER, "scorer_core"],
        capture_output=True,
        check=True,
    ).stdout
    with ZipFile(io.BytesIO(archive)) as files:
        files.extractall(folder)


def _seconds(source: str, arguments: list[str]) -> float:
    environment = {**os.environ, "PYTHONPATH": source}
    command = [sys.executable, "-P", "-c", _CHILD, *arguments]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
