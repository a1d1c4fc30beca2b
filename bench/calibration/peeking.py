"""Study `peeking`: 60 pools without signal are searched, and the best-looking is gated.

Each search took its number before it saw anything, so the best-looking pool is judged at its own. Beside it stands a
gate that numbers what is gated. The same pools, each gated, are the life with a fresh pool each night.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.calibration.engines import SMALLEST, spec_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.installation import Installation
from bench.calibration.intervals import share
from bench.calibration.judge import Searched, searched
from bench.calibration.life import ALPHA, ROWS
from bench.calibration.null_pools import random_label_pool
from bench.calibration.pools import population
from bench.calibration.screen import screen
from scorer_core.spending import share_of

REPEATS = 500


@dataclass(frozen=True)
class Task:
    """One installation: `length` searches."""

    index: int
    alpha: float
    options: Options


@dataclass(frozen=True)
class PeekingRun:
    """Whether the pool that looks best by p, or by objective, is published at its own number, and at number 1.

    `any_night` says whether any pool is published at its own, `as_the_first` whether any is at number 1.
    """

    number_by_p: int
    by_p: bool
    by_objective: bool
    late_by_p: bool
    late_by_objective: bool
    any_night: bool
    as_the_first: bool


def study(options: Options) -> dict[str, Any]:
    """Repeat: take a number, search, for each pool; then gate the best-looking one."""
    alpha = options.alpha or ALPHA
    tasks = [Task(index, alpha, options) for index in range(options.runs or REPEATS)]
    outcomes = spread(run, tasks, options.workers, f"the best-looking of {options.length} pools")
    names = ("by_p", "by_objective", "late_by_p", "late_by_objective", "any_night", "as_the_first")
    return {
        "alpha": alpha,
        "length": options.length,
        "engine": SMALLEST,
        **{name: share(sum(getattr(one, name) for one in outcomes), len(outcomes)) for name in names},
        "runs": [asdict(one) for one in outcomes],
    }


def run(task: Task) -> PeekingRun:
    """Search the pools of one installation and gate them as an operator might."""
    options, installation = task.options, Installation(task.alpha)
    rows, spec = min(options.rows, ROWS), spec_named(SMALLEST, 0)
    looks, late, timely = [], [], []
    for night in range(options.length):
        pool = random_label_pool(rows, sub_seed(options.seed, task.index, night))
        number = installation.number(pool, spec.mask_policy)
        look = screen(SMALLEST, len(population(rows))).looks(pool)
        found = searched(pool, spec) if look.may_be_real(share_of(task.alpha, 1)) else None
        looks.append((look.log_p_space, -look.objective, number))
        timely.append(_publishes(found, task.alpha, number))
        late.append(_publishes(found, task.alpha, 1))
    by_p, by_objective = (int(np.argmin([look[place] for look in looks])) for place in (0, 1))
    return PeekingRun(
        number_by_p=looks[by_p][2],
        by_p=timely[by_p],
        by_objective=timely[by_objective],
        late_by_p=late[by_p],
        late_by_objective=late[by_objective],
        any_night=any(timely),
        as_the_first=any(late),
    )


def _publishes(found: Searched | None, alpha: float, number: int) -> bool:
    return found is not None and found.publishes(alpha, number)
