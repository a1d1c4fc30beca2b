"""Study `null`: whole searches on pools without signal; what the gate publishes there is noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.calibration.engines import engine_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import quantiles, randomised_p_value, share, uniformity
from bench.calibration.judge import judge, old_choice
from bench.calibration.pools import permuted_sieve_pool, random_label_pool
from scorer_core.gate.verdict import Verdict
from scorer_core.pool.split import split_pool
from scorer_core.spending import share_of

ENGINES = ("tpe-100@5000", "random-100@450", "random-400@5000")
RUNS, ALPHA, BANK = 1000, 0.05, 20


@dataclass(frozen=True)
class Task:
    """One run: run numbers that are even get random labels, odd ones a sieve pool with permuted labels."""

    engine: str
    index: int
    alpha: float
    options: Options


@dataclass(frozen=True)
class NullRun:
    """What one run on a pool without signal came to; p-values are None when the holdout was not read."""

    kind: str
    rows: int
    verdict: str
    best_objective: float
    p_value: float | None
    mid_p: float | None
    randomised_p: float | None


def study(options: Options) -> dict[str, Any]:
    """Run every condition on the same pools."""
    runs, alpha = options.runs or RUNS, options.alpha or ALPHA
    conditions = []
    for engine in options.engines or ENGINES:
        tasks = [Task(engine, index, alpha, options) for index in range(runs)]
        outcomes = spread(run, tasks, options.workers, f"null {engine}")
        conditions.append({"engine": engine, **summary(outcomes)})
    return {"alpha": alpha, "alpha_1": share_of(alpha, 1), "conditions": conditions}


def run(task: Task) -> NullRun:
    """Search one pool and judge what came of it: decision number 1 on its pool."""
    options = task.options
    seed = sub_seed(options.seed, task.index)
    permuted = task.index % 2 == 1
    pool = (
        permuted_sieve_pool(options.examined, task.index // 2 % BANK, seed)
        if permuted
        else random_label_pool(options.rows, seed)
    )
    split = split_pool(pool)
    trials = engine_named(task.engine)(split.search, seed)
    decision = judge(split, trials, task.alpha)
    counts = decision.test.measured.counts if decision.test else None
    return NullRun(
        kind="sieve_permuted" if permuted else "random_labels",
        rows=len(pool),
        verdict=decision.verdict.value,
        best_objective=old_choice(trials)[1].score.objective,
        p_value=decision.test.p_value if decision.test else None,
        mid_p=randomised_p_value(counts, 0.5) if counts else None,
        randomised_p=randomised_p_value(counts, float(np.random.default_rng(seed + 1).random())) if counts else None,
    )


def summary(outcomes: Sequence[NullRun]) -> dict[str, Any]:
    """Return what was published and how the p-values fell: in all, and for each kind of pool."""
    kinds = sorted({outcome.kind for outcome in outcomes})
    return {
        **_numbers(outcomes),
        "by_kind": {kind: _numbers([outcome for outcome in outcomes if outcome.kind == kind]) for kind in kinds},
        "runs": [asdict(outcome) for outcome in outcomes],
    }


def _numbers(outcomes: Sequence[NullRun]) -> dict[str, Any]:
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    kinds_of_p = ("p_value", "mid_p", "randomised_p")
    return {
        "published": share(verdicts[Verdict.PUBLISH], len(outcomes)),
        "verdicts": dict(verdicts),
        "pool_rows": quantiles([outcome.rows for outcome in outcomes]),
        "best_objective": quantiles([outcome.best_objective for outcome in outcomes]),
        "ks": {
            kind: uniformity([value for outcome in outcomes if (value := getattr(outcome, kind)) is not None])
            for kind in kinds_of_p
        },
    }
