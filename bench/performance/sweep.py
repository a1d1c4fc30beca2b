"""All 24,264,240 configs: seconds on one core, against trying configs one by one."""

from __future__ import annotations

import itertools
import time

import numpy as np

from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import objective_params
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.scoring.sweep.outcome import ShardOutcome, merge
from scorer_core.scoring.sweep.shards import ShardRequest, shard_count, shard_params
from scorer_core.scoring.trial import TrialRequest, evaluate

LIMIT_S = 60.0


def sweep_all(scorer: PoolScorer, policy: MaskPolicy, shards: int | None = None) -> tuple[ShardOutcome, float, int]:
    """Sweep so many shards, evenly chosen, or all: the answer, the seconds, the number of configs."""
    every = shard_count(policy)
    chosen = np.linspace(0, every - 1, shards or every).astype(int)
    started = time.perf_counter()
    outcome = merge(scorer.sweep(ShardRequest(int(n), shard_params(policy, int(n)), policy)) for n in chosen)
    return outcome, time.perf_counter() - started, outcome.configs


def measure(size: Size) -> Result:
    """Measure both pool sizes, both policies, and the brute-force loop on a sample of the same configs."""
    policy = MaskPolicy.MAX_OFFSET
    lines, numbers = [], {}
    for rows in (25_000, 44_647):
        _, seconds, configs = sweep_all(PoolScorer.of(pool_of(rows)), policy, size.of(143, 3))
        numbers[f"seconds {rows}"], numbers[f"configs {rows}"] = seconds, configs
        told = f"{seconds:.1f} s, {configs / seconds / 1e6:.1f} million configs/s"
        met = seconds <= LIMIT_S if rows == 25_000 else None
        lines.append(Line(f"sweep of {configs:,} configs, {rows:,} rows, one core", told, "≤ 60 s" * bool(met), met))
    rate = configs / seconds
    brute, sampled = _brute_force(rows, size.of(2000, 50))
    numbers |= {"brute_force_configs_per_s": brute, "ratio": rate / brute}
    told = f"{rate:,.0f} against {brute:,.0f} configs/s: {rate / brute:,.0f} times; {sampled:,} compared, all equal"
    lines.append(Line("sweep against a loop over the objective, 44,647 rows", told))
    other = MaskPolicy.KEEP_FRACTION
    shards = size.of(12, 1)
    _, seconds, configs = sweep_all(PoolScorer.of(pool_of(25_000)), other, shards)
    whole = seconds * shard_count(other) / shards
    numbers["keep_fraction_seconds_extrapolated"] = whole
    told = f"{whole:.0f} s for 131,026,896, from {shards} of 143 shards"
    lines.append(Line("the same with keep_fraction, 25,000 rows", told))
    return Result(tuple(lines), numbers)


def _brute_force(rows: int, sample: int) -> tuple[float, int]:
    """Return configs a second of the plain loop, on configs of which the sweep's answer is known, compared."""
    pool, policy = pool_of(rows), MaskPolicy.MAX_OFFSET
    grid = full_grid(policy)
    outcome, _, _ = sweep_all(PoolScorer.of(pool), policy, 8)
    known = {one.values: one.objective for one in outcome.top}
    rng = np.random.default_rng(7)
    others = (grid.values_at(int(rng.integers(grid.size))) for _ in itertools.count())
    configs = [*known, *itertools.islice(others, max(0, sample - len(known)))]
    started = time.perf_counter()
    answers = [
        evaluate(
            pool, TrialRequest(0, dict(zip(objective_params(policy), config, strict=True)), None, policy)
        ).score.objective
        for config in configs
    ]
    seconds = time.perf_counter() - started
    for config, objective in zip(configs, answers, strict=True):
        if config in known and known[config] != objective:
            raise RuntimeError(f"the sweep says {known[config]!r} of {config}, the objective {objective!r}")
    return len(configs) / seconds, len(known)
