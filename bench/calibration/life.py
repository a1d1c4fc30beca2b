"""Study `life`: an installation's life, night after night, on pools without signal.

May even one of the nights publish? The same pool; one that grows by 1 % a night, or by two rows; one whose Step 1
trials are numbered anew each night; and mixed lives, in which nights differ in pool, mask policy and engine. A fresh
pool each night is the study `peeking`. Beside the gate stands one that spends α anew each night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bench.calibration.engines import SMALLEST, SWEEP, spec_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.installation import Installation
from bench.calibration.intervals import share
from bench.calibration.judge import searched
from bench.calibration.null_pools import random_label_pool
from bench.calibration.pools import population
from bench.calibration.screen import screen
from scorer_core.pool.survivors import Pool
from scorer_core.spending import share_of
from sim.pools.planted import TRIAL_NUMBERS

ALPHA, GROWTH, MORE_ROWS = 0.05, 0.01, 2
ROWS, WHOLE_ROWS = 1_200, 8_000
SAME, MIXED, WHOLE = "the same pool", "mixed", "mixed, whole space"
REPEATS = {SAME: 200, "growing by 1 %": 200, "growing by 2 rows": 200, "relabelled trials": 200, MIXED: 40, WHOLE: 5}
_FRACTION = "mask_policy=keep_fraction residue_mod_3=1000 keep_fraction=0.2"
_OFFSET = SMALLEST.partition(" ")[2]
MIX = tuple(f"{engine} {words}" for engine in (SWEEP, "tpe-20@all", "random-50@all") for words in (_OFFSET, _FRACTION))
WHOLE_MIX = tuple(
    f"{engine} mask_policy={policy}"
    for engine in ("tpe-20@all", "random-100@all", "tpe-20@5000", "random-100@5000")
    for policy in ("max_offset", "keep_fraction")
)
SWEEP_EVERY = 30
"""A life in the whole space sweeps it on so few nights: a sweep takes seconds."""


@dataclass(frozen=True)
class Task:
    """One life."""

    life: str
    index: int
    alpha: float
    options: Options


@dataclass(frozen=True)
class LifeRun:
    """How many decisions were taken, how many published, and how many would have, had each been the first."""

    life: str
    decisions: int
    published: int
    as_the_first: int


def study(options: Options) -> dict[str, Any]:
    """Run every life and count those with at least one publish."""
    alpha = options.alpha or ALPHA
    conditions = []
    for life in options.lives or REPEATS:
        repeats = REPEATS[life]
        tasks = [Task(life, index, alpha, options) for index in range(options.runs or repeats)]
        outcomes = spread(run, tasks, options.workers, f"{options.length} nights, {life}")
        conditions.append(
            {
                "life": life,
                "at_least_one": share(sum(one.published > 0 for one in outcomes), len(outcomes)),
                "as_the_first": share(sum(one.as_the_first > 0 for one in outcomes), len(outcomes)),
                "runs": [asdict(one) for one in outcomes],
            }
        )
    return {"alpha": alpha, "length": options.length, "engine": SMALLEST, "mix": MIX, "conditions": conditions}


def run(task: Task) -> LifeRun:
    """Ask for a number, search and decide, night after night; what was decided by that engine is not done again.

    A publish makes no champion: each later night faces chance alone, which can only add publishes.
    """
    installation, done = Installation(task.alpha), set[tuple[int, str]]()
    published, as_the_first = 0, 0
    for night, pool in enumerate(nights(task)):
        engine = _engine(task, night)
        spec = spec_named(engine, sub_seed(task.options.seed, task.index, night))
        number = installation.number(pool, spec.mask_policy)
        if (number, engine) in done:
            continue
        done.add((number, engine))
        if spec.pinned and not screen(engine, len(population(rows_of(task)))).looks(pool).may_be_real(
            share_of(task.alpha, 1)
        ):
            continue
        found = searched(pool, spec)
        published += found.publishes(task.alpha, number)
        as_the_first += found.publishes(task.alpha)
    return LifeRun(task.life, len({number for number, _ in done}), published, as_the_first)


def nights(task: Task) -> Iterator[Pool]:
    """Yield the pool of each night."""
    length, rows = task.options.length, rows_of(task)
    seed = sub_seed(task.options.seed, list(REPEATS).index(task.life), task.index)
    rng = np.random.default_rng(seed)
    whole = random_label_pool(rows, seed)
    order, there = rng.permutation(rows), rows
    for left in range(length - 1, -1, -1):
        if task.life == "growing by 1 %":
            there = int(rows * (1 + GROWTH) ** -left)
        elif task.life == "growing by 2 rows":
            there = rows - MORE_ROWS * left
        elif task.life == "relabelled trials":
            whole = _relabelled(whole, rng)
        elif task.life in (MIXED, WHOLE):
            whole, there = _mixed(whole, there, rng)
        yield whole.rows(np.sort(order[:there]))


def rows_of(task: Task) -> int:
    """Return how many rows the pools of a life have at most."""
    return min(task.options.rows, WHOLE_ROWS if task.life == WHOLE else ROWS)


def _mixed(whole: Pool, there: int, rng: np.random.Generator) -> tuple[Pool, int]:
    """Return what a night of a mixed life brings: the same pool, more rows, other trials, or another pool."""
    what = rng.integers(4)
    if what == 1:
        return whole, min(int(there * (1 + GROWTH)), len(whole))
    if what == 2:
        return _relabelled(whole, rng), there
    if what == 3:
        return random_label_pool(len(whole), int(rng.integers(2**31))), int(len(whole) * (1 - rng.random() / 2))
    return whole, there


def _relabelled(pool: Pool, rng: np.random.Generator) -> Pool:
    return replace(pool, trial_number=rng.integers(0, TRIAL_NUMBERS, len(pool)))


def _engine(task: Task, night: int) -> str:
    """Return what searches on a night."""
    rng = np.random.default_rng([task.options.seed, task.index, night])
    if task.life == MIXED:
        return MIX[rng.integers(len(MIX))]
    if task.life != WHOLE:
        return SMALLEST
    return SWEEP if night % SWEEP_EVERY == 0 else WHOLE_MIX[rng.integers(len(WHOLE_MIX))]
