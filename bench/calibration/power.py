"""Study `power`: pools with a known signal.

Is it found, and how good is what is published?

For each pool the signal's config is drawn at random. A config's *true lift* is exact: the expected
minority share inside its mask over that of all seeds that pools are drawn from, by the signal's own
probabilities. The old system's rule stands beside the gate, on the same trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.calibration.engines import engine_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import quantiles, share
from bench.calibration.judge import judge, old_choice
from bench.calibration.pools import population, random_signal, signal_pool, true_lift
from scorer_core.gate.verdict import Verdict
from scorer_core.pool.split import split_pool

ENGINES = ("random-100@5000", "tpe-100@5000", "tpe-100@all", "sweep@all", "tpe-400@all")
LIFTS = (1.0, 1.2, 1.3, 1.5, 2.0, 3.0)
RUNS, ALPHA = 30, 0.01
SLOW = {"tpe-400@all": 8, "tpe-400@5000": 8, "sweep@all": 16}
"""Repeats of engines that take seconds."""
NOISE = 1.05


@dataclass(frozen=True)
class Task:
    """One run on the pool that belongs to its lift and index: the same pool for every engine."""

    engine: str
    lift: float
    index: int
    alpha: float
    options: Options


@dataclass(frozen=True)
class PowerRun:
    """What one run came to; the candidate's numbers are None when the holdout was not read.

    `true_lift` is the candidate's over all seeds, `true_lift_here` over this holdout's; `old_true_lift` that
    of the config which the old rule publishes.
    """

    signal: dict[str, Any]
    signal_keep: float
    verdict: str
    true_lift: float | None
    true_lift_here: float | None
    holdout_lift: float | None
    lower_bound: float | None
    p_value: float | None
    old_true_lift: float


def study(options: Options) -> dict[str, Any]:
    """Run every lift with every engine."""
    alpha = options.alpha or ALPHA
    conditions = []
    for engine in options.engines or ENGINES:
        for lift in options.lifts or LIFTS:
            runs = options.runs or SLOW.get(engine, RUNS)
            tasks = [Task(engine, lift, index, alpha, options) for index in range(runs)]
            outcomes = spread(run, tasks, options.workers, f"power {engine} lift {lift:g}")
            conditions.append({"engine": engine, "lift": lift, **summary(outcomes)})
    return {"alpha": alpha, "noise_below": NOISE, "conditions": conditions}


def run(task: Task) -> PowerRun:
    """Plant a signal, search, judge, and look up the truth about what was chosen."""
    options = task.options
    seed = sub_seed(options.seed, round(task.lift * 100), task.index)
    rng = np.random.default_rng(seed)
    signal = random_signal(task.lift, options.rows, rng)
    split = split_pool(signal_pool(signal, options.rows, rng))
    trials = engine_named(task.engine)(split.search, seed)
    decision = judge(split, trials, task.alpha)
    everything = population(options.rows)
    test, candidate = decision.test, decision.candidate
    return PowerRun(
        signal=dict(signal.params),
        signal_keep=signal.keep,
        verdict=decision.verdict.value,
        true_lift=true_lift(signal, candidate.params, everything) if candidate else None,
        true_lift_here=true_lift(signal, candidate.params, split.holdout.seeds) if candidate else None,
        holdout_lift=test.measured.lift if test else None,
        lower_bound=test.lower_bound if test else None,
        p_value=test.p_value if test else None,
        old_true_lift=true_lift(signal, old_choice(trials)[0].params, everything),
    )


def summary(outcomes: Sequence[PowerRun]) -> dict[str, Any]:
    """Return what the gate published and what the old rule did, which always publishes."""
    published = [outcome for outcome in outcomes if outcome.verdict == Verdict.PUBLISH]
    lifts = [outcome.true_lift for outcome in published if outcome.true_lift is not None]
    old = [outcome.old_true_lift for outcome in outcomes]
    return {
        "published": share(len(published), len(outcomes)),
        "true_lift_of_published": quantiles(lifts),
        "noise_among_published": share(sum(lift < NOISE for lift in lifts), len(lifts)),
        "old_published": share(len(old), len(old)),
        "old_true_lift": quantiles(old),
        "old_noise": share(sum(lift < NOISE for lift in old), len(old)),
        "runs": [asdict(outcome) for outcome in outcomes],
    }
