"""Study `coverage`: how often the true lift lies above the gate's 95 % lower bound.

Every run has a pool of its own, and none is one of the study `power`'s, where the engines share pools
and so their luck. The bound is conditional on the holdout's margins: rows, minority and kept rows are
taken as they fell. The truth that it is held against is the candidate's expected lift over all seeds
(what later steps would meet), and beside it the expected lift over the very seeds of the holdout, which
leaves out the luck of which seeds fell there. A run counts when its holdout was read, whatever the
verdict: leaving out what was not published would select for lucky holdouts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import share
from bench.calibration.power import ALPHA, PowerRun, Task, run

ENGINE = "random-100@5000"
LIFTS = (1.2, 1.3, 1.5, 2.0, 3.0)
RUNS, CONFIDENCE = 400, 0.95
_POOLS = 2  # a stream of seeds apart from those of `power`


def study(options: Options) -> dict[str, Any]:
    """Run every lift on fresh pools; the engine only chooses where the bound is put to the test."""
    engine = options.engines[0] if options.engines else ENGINE
    alpha, own = options.alpha or ALPHA, replace(options, seed=sub_seed(options.seed, _POOLS))
    conditions, every = [], []
    for lift in options.lifts or LIFTS:
        tasks = [Task(engine, lift, index, alpha, own) for index in range(options.runs or RUNS)]
        outcomes = spread(run, tasks, options.workers, f"coverage lift {lift:g}")
        every += outcomes
        conditions.append({"lift": lift, **covered(outcomes), "runs": [asdict(outcome) for outcome in outcomes]})
    return {"engine": engine, "confidence": CONFIDENCE, "in_all": covered(every), "conditions": conditions}


def covered(outcomes: Sequence[PowerRun]) -> dict[str, Any]:
    """Return the share of the runs whose true lift is not below the reported bound, for both truths."""
    over_all, over_holdout = [], []
    for outcome in outcomes:
        if outcome.lower_bound is None or outcome.true_lift is None or outcome.true_lift_here is None:
            continue
        over_all.append(outcome.true_lift >= outcome.lower_bound)
        over_holdout.append(outcome.true_lift_here >= outcome.lower_bound)
    return {
        "over_all_seeds": share(sum(over_all), len(over_all)),
        "over_the_holdouts_seeds": share(sum(over_holdout), len(over_holdout)),
    }
