"""Study `null`: whole searches on pools without signal; what the gate publishes there is noise.

Every kind of pool without signal, as the first decision of an installation, at two α. Beside the gate stand two that
are broken on purpose: one that ignores the Step 1 trials, to show what they are for, and one that pays for no space.
Of these `real` alone is asked, which any publish passes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bench.calibration.engines import SMALLEST, SWEEP, spec_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import share
from bench.calibration.judge import Searched, searched
from bench.calibration.null_pools import KINDS, Sizes
from bench.calibration.screen import screen
from scorer_core.pool.survivors import Pool
from scorer_core.spec import RunSpec
from scorer_core.spending import share_of

RUNS = {SMALLEST: 12_000, SWEEP: 12}
ALPHAS = (0.05, 0.01)
QUANTILES = 501
REDUCED_SIZES = Sizes(4_000, 4_400)
"""Where pins leave a small space: what they cost is proportional to the rows."""


@dataclass(frozen=True)
class Task:
    """One run: the kinds of pools take turns."""

    engine: str
    index: int
    options: Options


@dataclass(frozen=True)
class NullRun:
    """What one run on a pool without signal came to; `log10_p_space` is the smallest of what was found.

    `published` is so at each of ALPHAS; `without_strata` and `without_payment` say whether something is real to the
    broken gates at the first. Where the screen saw that nothing can be real, `log10_p_space` is by normal tails.
    """

    kind: str
    rows: int
    real: bool
    published: tuple[bool, ...]
    without_strata: bool | None
    without_payment: bool
    log10_p_space: float | None


def study(options: Options) -> dict[str, Any]:
    """Run every engine on pools of every kind."""
    conditions = []
    for engine in options.engines or RUNS:
        tasks = [Task(engine, index, options) for index in range(options.runs or RUNS[engine])]
        outcomes = spread(run, tasks, options.workers, f"null {engine}")
        conditions.append({"engine": engine, **summary(outcomes)})
    return {"alphas": ALPHAS, "alpha_1": [share_of(alpha, 1) for alpha in ALPHAS], "conditions": conditions}


def run(task: Task) -> NullRun:
    """Search one pool and judge what came of it, as the first decision of an installation."""
    options, kinds = task.options, list(KINDS)
    kind, seed = kinds[task.index % len(kinds)], sub_seed(task.options.seed, task.index)
    spec = spec_named(task.engine, seed)
    sizes = Sizes(options.rows, options.examined)
    if spec.pinned:
        sizes = Sizes(min(sizes.rows, REDUCED_SIZES.rows), min(sizes.examined, REDUCED_SIZES.examined))
    pool = KINDS[kind](sizes, task.index // len(kinds), seed)
    level = math.log(share_of(ALPHAS[0], 1))
    found, smallest, unpaid = _searched(task.engine, pool, spec)
    loose = None
    if spec.pinned:
        loose = _searched(task.engine, replace(pool, trial_number=np.zeros_like(pool.trial_number)), spec)[1]
    return NullRun(
        kind=kind,
        rows=len(pool),
        real=smallest is not None and smallest <= level,
        published=tuple(found is not None and found.publishes(alpha) for alpha in ALPHAS),
        without_strata=loose is not None and loose <= level if spec.pinned else None,
        without_payment=unpaid is not None and unpaid <= level,
        log10_p_space=None if smallest is None else min(smallest, 0.0) / math.log(10),
    )


def _searched(engine: str, pool: Pool, spec: RunSpec) -> tuple[Searched | None, float | None, float | None]:
    """Return what a search found, the smallest ln p_space, and the smallest ln p.

    Nothing is searched where the screen says that nothing can be real.
    """
    if spec.tries_everything and spec.pinned:
        seen = screen(engine, int(pool.seeds.max()) + 1)
        look = seen.looks(pool)
        if not look.may_be_real(share_of(ALPHAS[0], 1)):
            return None, look.log_p_space, look.log_p_space - math.log(len(seen))
    found = searched(pool, spec)
    return found, found.smallest_log_p_space(), found.smallest_log_p_space(space=1)


def summary(outcomes: Sequence[NullRun]) -> dict[str, Any]:
    """Return what was published: in all, and for each kind of pool; how p lies, and the runs in which it was real."""
    p_values = [one.log10_p_space for one in outcomes if one.log10_p_space is not None]
    return {
        **_numbers(outcomes),
        "by_kind": {kind: _numbers([outcome for outcome in outcomes if outcome.kind == kind]) for kind in KINDS},
        "log10_p_space": np.quantile(p_values, np.linspace(0, 1, QUANTILES)).round(3).tolist() if p_values else [],
        "runs": [asdict(outcome) for outcome in outcomes if outcome.real],
    }


def _numbers(outcomes: Sequence[NullRun]) -> dict[str, Any]:
    loose = [one.without_strata for one in outcomes if one.without_strata is not None]
    return {
        "published": [share(sum(one.published[place] for one in outcomes), len(outcomes)) for place in (0, 1)],
        "real": share(sum(one.real for one in outcomes), len(outcomes)),
        "without_strata": share(sum(loose), len(loose)),
        "without_payment": share(sum(one.without_payment for one in outcomes), len(outcomes)),
    }
