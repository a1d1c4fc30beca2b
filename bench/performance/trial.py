"""One trial on one core, in a warm worker; and the old way, a fresh process a trial."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.pool.files import write_columns
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import objective_space
from scorer_core.scoring.trial import TrialRequest, evaluate

ROWS = 44_647
_OLD_WAY = """
import json, sys
from pathlib import Path
from scorer_core.pool.survivors import load_pool
from scorer_core.scoring.trial import TrialRequest, evaluate
request = TrialRequest.from_json(json.loads(sys.argv[2]))
result = evaluate(load_pool(Path(sys.argv[1])), request).to_json()
Path(sys.argv[3]).write_text(json.dumps(result))
"""


def random_requests(count: int, sample_size: int | None, seed: int = 2) -> list[TrialRequest]:
    """Return trials with configs drawn at random from the space."""
    rng = np.random.default_rng(seed)
    space = objective_space(MaskPolicy.MAX_OFFSET)
    draw = [{param.name: int(rng.choice(param.values())) for param in space} for _ in range(count)]
    return [TrialRequest(number, params, sample_size, MaskPolicy.MAX_OFFSET) for number, params in enumerate(draw)]


def measure(size: Size) -> Result:
    """Measure the median trial, warm and cold, and trials a second against the old way."""
    pool = pool_of(ROWS)
    numbers: dict[str, float] = {}
    lines = []
    for sample, limit in ((None, 1.0), (5000, 5.0)):
        scorer = PoolScorer.of(pool)
        cold = median_ms(scorer, random_requests(size.of(100, 10), sample))
        for request in random_requests(size.of(1500, 20), sample, seed=3):
            scorer.evaluate(request)
        warm = median_ms(scorer, random_requests(size.of(1000, 20), sample, seed=4))
        name = "all rows" if sample is None else f"sample_size {sample}"
        numbers |= {f"warm_ms {name}": warm, f"cold_ms {name}": cold}
        told = f"{warm:.3f} ms (first trials {cold:.3f} ms)"
        lines.append(Line(f"one trial, {ROWS:,} rows, {name}", told, f"≤ {limit:g} ms median", warm <= limit))
    warm_rate, old_rate = _rates(pool, size)
    numbers |= {"warm_trials_per_s": warm_rate, "old_way_trials_per_s": old_rate}
    told = f"{warm_rate:,.0f} against {old_rate:.2f} trials/s: {warm_rate / old_rate:,.0f} times"
    lines.append(Line("a warm worker against a process a trial", told, "≥ 100 times", warm_rate >= 100 * old_rate))
    return Result(tuple(lines), numbers)


def median_ms(scorer: PoolScorer, requests: Iterable[TrialRequest]) -> float:
    """Return the median of the wall milliseconds of trials, one after the other."""
    spent = []
    for request in requests:
        started = time.perf_counter()
        scorer.evaluate(request)
        spent.append(time.perf_counter() - started)
    return 1000 * statistics.median(spent)


def _rates(pool: Pool, size: Size) -> tuple[float, float]:
    """Return trials a second of the warm scorer and of the old way, on the same requests, answers compared."""
    requests = random_requests(size.of(12, 2), 5000, seed=5)
    scorer = PoolScorer.of(pool)
    many = random_requests(size.of(400, 20), 5000, seed=6)
    started = time.perf_counter()
    for request in many:
        scorer.evaluate(request)
    warm = len(many) / (time.perf_counter() - started)
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder, "pool.npz"), Path(folder, "result.json")
        write_columns(file, pool.to_columns())
        started = time.perf_counter()
        for request in requests:
            command = [sys.executable, "-c", _OLD_WAY, str(file), json.dumps(request.to_json()), str(out)]
            subprocess.run(command, check=True)
            if json.loads(out.read_text()) != evaluate(pool, request).to_json():
                raise RuntimeError(f"the old way answers otherwise for {request}")
        old = len(requests) / (time.perf_counter() - started)
    return warm, old
