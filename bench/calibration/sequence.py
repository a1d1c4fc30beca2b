"""Study `sequence`: an installation's life, night after night, on pools without signal.

May even one of the nights publish? Four lives: the same pool; one that grows by 1 % a night; one whose Step 1 trials
are numbered anew each night; a fresh pool each night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bench.calibration.engines import spec_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import share
from bench.calibration.judge import searched
from bench.calibration.pools import random_label_pool
from scorer_core.gate.verdict import Verdict
from scorer_core.pool.survivors import Pool, content_id
from sim.pools.planted import TRIAL_NUMBERS

ENGINE, REPEATS, ALPHA, GROWTH = "random-100@all", 200, 0.05, 0.01
LIVES = ("same", "growing", "relabelled trials", "fresh")


@dataclass(frozen=True)
class Task:
    """One life."""

    life: str
    engine: str
    index: int
    alpha: float
    options: Options


@dataclass(frozen=True)
class SequenceRun:
    """How many nights published, how many decisions were taken, and the smallest p_space over its share of α."""

    life: str
    published: int
    decisions: int
    nearest: float | None


def study(options: Options) -> dict[str, Any]:
    """Run every life and count those with at least one publish."""
    alpha, engine = options.alpha or ALPHA, options.engines[0] if options.engines else ENGINE
    repeats = options.runs or REPEATS
    conditions = []
    for life in LIVES:
        tasks = [Task(life, engine, index, alpha, options) for index in range(repeats)]
        outcomes = spread(run, tasks, options.workers, f"{options.length} nights, {life}")
        at_least_one = share(sum(one.published > 0 for one in outcomes), len(outcomes))
        conditions.append({"life": life, "at_least_one": at_least_one, "runs": [asdict(one) for one in outcomes]})
    return {"alpha": alpha, "length": options.length, "engine": engine, "conditions": conditions}


def run(task: Task) -> SequenceRun:
    """Search and decide night after night; a pool that was decided before keeps its number.

    A publish makes no champion: each later night faces chance alone, which can only add publishes.
    """
    numbers: dict[str, int] = {}
    published, nearest = 0, None
    for night, pool in enumerate(nights(task)):
        number = numbers.setdefault(content_id(pool), len(numbers) + 1)
        found = searched(pool, spec_named(task.engine, sub_seed(task.options.seed, task.index, night)))
        decision = found.judge(task.alpha, number)
        published += decision.verdict is Verdict.PUBLISH
        if decision.proof is not None and decision.alpha_j is not None:
            near = decision.proof.log10_p_space - float(np.log10(decision.alpha_j))
            nearest = near if nearest is None else min(near, nearest)
    return SequenceRun(task.life, published, len(numbers), nearest)


def nights(task: Task) -> Iterator[Pool]:
    """Yield the pool of each night."""
    options = task.options
    seed = sub_seed(options.seed, LIVES.index(task.life), task.index)
    whole = random_label_pool(options.rows, seed)
    order = np.random.default_rng(seed).permutation(len(whole))
    for night in range(options.length):
        if task.life == "growing":
            yield whole.rows(np.sort(order[: int(len(whole) * (1 + GROWTH) ** (night + 1 - options.length))]))
        elif task.life == "relabelled trials":
            rng = np.random.default_rng([seed, night])
            yield replace(whole, trial_number=rng.integers(0, TRIAL_NUMBERS, len(whole)))
        else:
            yield whole if task.life == "same" else random_label_pool(options.rows, sub_seed(seed, night))
