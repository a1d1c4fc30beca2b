"""Study `power`: pools with a known signal.

Is it found, at which decision of an installation's life, and how right are the lifts that are told of it?

For each pool the signal's config is drawn at random. A config's *true lift* is exact: the expected minority share
inside its mask over that of all seeds that pools are drawn from, by the signal's own probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.calibration.engines import SWEEP, spec_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import quantiles, share
from bench.calibration.judge import searched
from bench.calibration.pools import population, random_signal, signal_pool, true_lift
from scorer_core.gate.verdict import Verdict

ENGINES = (SWEEP, "tpe-100@all", "random-100@all")
LIFTS = (1.2, 1.3, 1.5, 2.0, 3.0)
NUMBERS = (1, 10, 60)
RUNS, ALPHA = 60, 0.01


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
    """What one run came to: its verdict at each of NUMBERS; the candidate's numbers are those of the first.

    `true_lift` is the candidate's over all seeds, `here` over those of the pool, `fitted` the cross-fitted lift; None
    without a candidate. `excludes` is U, None where the search was no whole sweep.
    """

    signal_keep: float
    verdicts: tuple[str, ...]
    true_lift: float | None
    here: float | None
    fitted: float | None
    guaranteed: float | None
    log10_p_space: float | None
    excludes: float | None


def study(options: Options) -> dict[str, Any]:
    """Run every lift with every engine."""
    alpha = options.alpha or ALPHA
    conditions = []
    for engine in options.engines or ENGINES:
        for lift in options.lifts or LIFTS:
            tasks = [Task(engine, lift, index, alpha, options) for index in range(options.runs or RUNS)]
            outcomes = spread(run, tasks, options.workers, f"power {engine} lift {lift:g}")
            conditions.append({"engine": engine, "lift": lift, **summary(outcomes)})
    return {"alpha": alpha, "numbers": list(NUMBERS), "conditions": conditions}


def run(task: Task) -> PowerRun:
    """Plant a signal, search, judge, and look up the truth about what was chosen."""
    options = task.options
    seed = sub_seed(options.seed, round(task.lift * 100), task.index)
    rng = np.random.default_rng(seed)
    signal = random_signal(task.lift, options.rows, rng)
    pool = signal_pool(signal, options.rows, rng)
    found = searched(pool, spec_named(task.engine, seed))
    decisions = [found.judge(task.alpha, number) for number in NUMBERS]
    candidate, proof = decisions[0].candidate, decisions[0].proof
    return PowerRun(
        signal_keep=signal.keep,
        verdicts=tuple(decision.verdict.value for decision in decisions),
        true_lift=true_lift(signal, candidate.params, population(options.rows)) if candidate else None,
        here=true_lift(signal, candidate.params, pool.seeds) if candidate else None,
        fitted=proof.cross_fitted_lift if proof else None,
        guaranteed=proof.guaranteed_lift if proof else None,
        log10_p_space=proof.log10_p_space if proof else None,
        excludes=decisions[0].excludes,
    )


def summary(outcomes: Sequence[PowerRun]) -> dict[str, Any]:
    """Return what was published at each decision, and how right the lifts are, of all and of what was published."""
    published = [one for one in outcomes if one.verdicts[0] == Verdict.PUBLISH]
    return {
        "published": [
            share(sum(one.verdicts[place] == Verdict.PUBLISH for one in outcomes), len(outcomes))
            for place in range(len(NUMBERS))
        ],
        "true_lift_of_published": quantiles([one.true_lift for one in published if one.true_lift is not None]),
        "of_all": effects(outcomes),
        "of_published": effects(published),
        "runs": [{**asdict(outcome), "verdicts": " ".join(outcome.verdicts)} for outcome in outcomes],
    }


def effects(outcomes: Sequence[PowerRun]) -> dict[str, Any]:
    """Return how often the guaranteed lift holds, and by how much the cross-fitted one is off."""
    bounds = [(one.guaranteed, one.here) for one in outcomes]
    held = [bound <= truth for bound, truth in bounds if bound is not None and truth is not None]
    fits = [(one.fitted, one.true_lift) for one in outcomes]
    errors = [fit - truth for fit, truth in fits if fit is not None and truth is not None]
    return {"guaranteed_holds": share(sum(held), len(held)), "error_of_fitted": quantiles(errors)}
