"""Study `words`: whether the words of a verdict are true, at three sizes of pools.

REJECT: pools in which one config that keeps a tenth of the rows or more has a lift of exactly `min_lift`, and nothing
else is searched, which is where it errs most: a larger space has more configs that may not be excluded. INCONCLUSIVE:
the size it asks for, and how often pools of that size pass `real` and `worth_it` with the lift that it plans for.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bench.calibration.engines import SWEEP, spec_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import quantiles, share
from bench.calibration.judge import searched
from bench.calibration.pools import POLICY, Signal, random_signal, signal_pool
from scorer_core.gate.space import space_size
from scorer_core.gate.verdict import Verdict
from scorer_core.gate.within_trials.crossfit import cross_fitted
from scorer_core.gate.within_trials.effects import log_p_value
from scorer_core.gate.within_trials.planning import BEYOND, Planner
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.gate.within_trials.strata import Margins, Mask, Strata
from scorer_core.pool.folds import fold_of
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.masks import residue_mask
from scorer_core.spec import RunSpec
from scorer_core.spending import share_of

SIZES = (5_000, 15_000, 44_647)
ALPHA, NEXT, FEWEST_KEPT = 0.01, 2, 0.1
REJECTS, ASKED, AGAIN = 200, 20, 10
"""Pools for REJECT at each size; pools that ask for a size, and how many of that size are drawn for each."""


@dataclass(frozen=True)
class Task:
    """One pool."""

    rows: int
    index: int
    options: Options


@dataclass(frozen=True)
class AskedRun:
    """The size that was asked for, the chances stated for it, and how many of the pools of that size passed."""

    rows: int
    asked: int
    stated_real: float
    stated_worth_it: float
    drawn: int
    real: int
    worth_it: int


def study(options: Options) -> dict[str, Any]:
    """Count wrong words at every size."""
    min_lift, conditions = RunSpec.from_conf({}).min_lift, []
    for rows in (min(size, options.rows) for size in SIZES):
        tasks = [Task(rows, index, options) for index in range(options.runs or REJECTS)]
        wrong = spread(rejects, tasks, options.workers, f"REJECT at {rows} rows")
        asked = spread(asks, tasks[:ASKED], options.workers, f"INCONCLUSIVE at {rows} rows")
        drawn = sum(one.drawn for one in asked)
        conditions.append(
            {
                "rows": rows,
                "wrong_rejects": share(sum(wrong), len(wrong)),
                "asked": quantiles([one.asked for one in asked]),
                "stated_real": quantiles([one.stated_real for one in asked]),
                "stated_worth_it": quantiles([one.stated_worth_it for one in asked]),
                "real": share(sum(one.real for one in asked), drawn),
                "worth_it": share(sum(one.worth_it for one in asked), drawn),
                "runs": [asdict(one) for one in asked],
            }
        )
    return {"alpha": ALPHA, "min_lift": min_lift, "planned": min_lift * BEYOND, "conditions": conditions}


def rejects(task: Task) -> bool:
    """Say whether the gate rejects a pool whose one config has a lift of `min_lift`: it is wrong then."""
    rng = _rng(task, 1)
    signal = _signal(RunSpec.from_conf({}).min_lift, task.rows, rng)
    pins = " ".join(f"{name}={value}" for name, value in signal.params.items())
    decision = searched(signal_pool(signal, task.rows, rng), spec_named(f"{SWEEP} {pins}", 0)).judge(ALPHA)
    return decision.verdict is Verdict.REJECT


def asks(task: Task) -> AskedRun:
    """Ask for a size as the gate does on a pool that shows nothing, and draw pools of that size with the lift."""
    rng = _rng(task, 2)
    min_lift = RunSpec.from_conf({}).min_lift
    signal = _signal(min_lift * BEYOND, task.rows, rng)
    level = share_of(ALPHA, NEXT) / space_size(POLICY)
    pool = signal_pool(replace(signal, lift=1.0), task.rows, rng)
    mask = _mask(pool, signal)
    planner = Planner(Strata.of(pool, StrataRule.TRIAL).margins(mask), _cells(pool, mask), min_lift, level)
    asked = planner.rows_needed()
    planned = None if asked is None else planner.chances(asked / task.rows)
    if asked is None or planned is None:
        return AskedRun(task.rows, 0, 0.0, 0.0, 0, 0, 0)
    real, worth_it = 0, 0
    for _ in range(AGAIN):
        pool = signal_pool(signal, asked, rng)
        mask, strata = _mask(pool, signal), Strata.of(pool, StrataRule.TRIAL)
        real += log_p_value(strata.margins(mask)) <= math.log(level)
        folds = fold_of(pool.seeds)
        fitted = cross_fitted(strata, folds, [mask] * (int(folds.max()) + 1)).lift
        worth_it += fitted is not None and fitted >= min_lift
    return AskedRun(task.rows, asked, planned.real, planned.worth_it, AGAIN, int(real), int(worth_it))


def _rng(task: Task, part: int) -> np.random.Generator:
    return np.random.default_rng(sub_seed(task.options.seed, task.rows, task.index, part))


def _signal(lift: float, rows: int, rng: np.random.Generator) -> Signal:
    """Return a signal that keeps somewhat more than a tenth, as REJECT says nothing of configs that keep less."""
    while True:
        signal = random_signal(lift, rows, rng)
        if signal.keep >= FEWEST_KEPT * BEYOND:
            return signal


def _mask(pool: Pool, signal: Signal) -> Mask:
    return residue_mask(pool.seeds, signal.params, POLICY).kept


def _cells(pool: Pool, mask: Mask) -> Margins:
    strata, folds = Strata.of(pool, StrataRule.TRIAL), fold_of(pool.seeds)
    count = int(folds.max()) + 1
    return Strata.coded(strata.codes * count + folds, strata.labels, len(strata.rows) * count).margins(mask)
