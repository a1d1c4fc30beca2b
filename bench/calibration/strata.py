"""Study `strata`: Step 1 trials whose minority shares run from a tenth to 1, and a mask that follows the rich ones.

Over all rows such a mask looks 1.48 times as rich; within trials its lift is what was planted, 1 at odds of 1. L and U
are held to that: for the one mask (a space of 1, where they are not conservative), and L with the whole space paid for.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import quantiles, share
from bench.calibration.pools import POLICY
from scorer_core.gate.space import space_size
from scorer_core.gate.within_trials.effects import guaranteed_lift, largest_lift, log_p_value
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.gate.within_trials.strata import Strata
from scorer_core.pool.survivors import Pool

RUNS, ROWS, KEEP = 400, 4_000, 0.1
TRIALS, LOWEST, HIGHEST, MARGINAL = 40, 0.1, 1.0, 1.48
ODDS = (1.0, 1.5, 3.0)


@dataclass(frozen=True)
class Task:
    """One pool; `odds` are those of the minority inside the mask over those outside, in each trial."""

    odds: float
    index: int
    options: Options


@dataclass(frozen=True)
class StrataRun:
    """What is said of the mask, and its true lift within trials, exact for the rows that it keeps."""

    true_lift: float
    lift: float
    marginal: float
    at_least_alone: float
    at_least: float
    at_most: float
    p_below_005: bool


def study(options: Options) -> dict[str, Any]:
    """Measure the mask on every pool."""
    conditions = []
    for odds in ODDS:
        tasks = [Task(odds, index, options) for index in range(options.runs or RUNS)]
        outcomes = spread(run, tasks, options.workers, f"strata, odds {odds:g}")
        conditions.append(
            {
                "odds": odds,
                "true_lift": quantiles([one.true_lift for one in outcomes]),
                "lift": quantiles([one.lift for one in outcomes]),
                "marginal": quantiles([one.marginal for one in outcomes]),
                "p_below_005": share(sum(one.p_below_005 for one in outcomes), len(outcomes)),
                "at_least_alone_holds": share(sum(one.at_least_alone <= one.true_lift for one in outcomes), len(tasks)),
                "at_least_holds": share(sum(one.at_least <= one.true_lift for one in outcomes), len(tasks)),
                "at_most_holds": share(sum(one.at_most >= one.true_lift for one in outcomes), len(tasks)),
                "runs": [asdict(one) for one in outcomes],
            }
        )
    return {"trials": TRIALS, "rows": min(options.rows, ROWS), "conditions": conditions}


def run(task: Task) -> StrataRun:
    """Draw a pool, and read the mask's margins."""
    rows = min(task.options.rows, ROWS)
    rng = np.random.default_rng(sub_seed(task.options.seed, round(100 * task.odds), task.index))
    shares = np.linspace(LOWEST, HIGHEST, TRIALS)
    kept = rng.random(rows) < KEEP
    trial = rng.integers(0, TRIALS, rows)
    trial[kept] = rng.choice(TRIALS, int(kept.sum()), p=_of_the_rich(shares))
    base = shares[trial]
    chance = np.where(kept, task.odds * base / (1 - base + task.odds * base), base)
    minority = rng.random(rows) < chance
    strata = Strata.of(Pool(np.arange(rows, dtype=np.uint64), minority, trial), StrataRule.TRIAL)
    margins = strata.margins(kept)
    mean = np.bincount(trial, weights=chance, minlength=TRIALS) / np.maximum(np.bincount(trial, minlength=TRIALS), 1)
    return StrataRun(
        true_lift=float(chance[kept].sum() / mean[trial[kept]].sum()),
        lift=margins.lift or 0.0,
        marginal=float(minority[kept].mean() / minority.mean()),
        at_least_alone=guaranteed_lift(margins, 1),
        at_least=guaranteed_lift(margins, space_size(POLICY)),
        at_most=largest_lift(margins),
        p_below_005=log_p_value(margins) <= math.log(0.05),
    )


def _of_the_rich(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely a kept row is in each trial, so that the mask looks MARGINAL times as rich over all rows."""

    def weights(power: float) -> NDArray[np.float64]:
        of: NDArray[np.float64] = np.power(shares, power)
        return of / float(of.sum())

    def looks(power: float) -> float:
        inside = float(weights(power) @ shares)
        return inside / (KEEP * inside + (1 - KEEP) * float(shares.mean())) - MARGINAL

    return weights(float(brentq(looks, 0.0, 60.0)))
