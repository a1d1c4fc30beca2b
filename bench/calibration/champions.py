"""Studies `reigns` and `champions`: whether only a better config replaces the published one, and how soon.

*Reigns* ask the comparison alone, 60 nights on fresh rows, a challenger a night: none is better (any replacement is an
error), or each is better by 0.05. *Lives* are whole ones: a pool with a signal grows and is searched every night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from bench.calibration.engines import SWEEP, spec_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import quantiles, share
from bench.calibration.judge import searched
from bench.calibration.pools import POLICY, population, random_signal, signal_pool, true_lift
from scorer_core.gate.case import Champion
from scorer_core.gate.challenge import challenge
from scorer_core.gate.verdict import Verdict
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import ENRICH_WEIGHT, combine
from scorer_core.scoring.params import Params
from sim.pools.planted import MINORITY_SHARE, TRIAL_NUMBERS

LIFTS = (1.5, 2.0)
BETTER, KEEP, ROWS, GROWTH = 0.05, 0.1, 20_000, 0.02
REIGNS = {0.0: 400, BETTER: 100}
LIVES, LIFE_ROWS, ALPHA = 25, 44_647, 0.01
SHARES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2)


@dataclass(frozen=True)
class Task:
    """One reign, in which each challenger is better by `better`, or one life."""

    lift: float
    better: float
    index: int
    options: Options


@dataclass(frozen=True)
class Life:
    """The replacements of a life, and by how much each changed the true objective."""

    published: int
    changes: tuple[float, ...]


def study_reigns(options: Options) -> dict[str, Any]:
    """Run reigns, with challengers that are no better and with such as are."""
    conditions = []
    for lift in LIFTS:
        for better, repeats in REIGNS.items():
            tasks = [Task(lift, better, index, options) for index in range(options.runs or repeats)]
            nights = spread(reign, tasks, options.workers, f"reigns, lift {lift:g}, better by {better:g}")
            conditions.append({"lift": lift, "better": better, **_of_reigns(nights)})
    return {"length": options.length, "rows": ROWS, "growth": GROWTH, "conditions": conditions}


def study_lives(options: Options) -> dict[str, Any]:
    """Run lives."""
    conditions = []
    for lift in options.lifts or LIFTS:
        tasks = [Task(lift, 0.0, index, options) for index in range(options.runs or LIVES)]
        lived = spread(life, tasks, options.workers, f"lives of champions, lift {lift:g}")
        conditions.append({"lift": lift, **_of_lives(lived), "runs": [asdict(one) for one in lived]})
    return {"length": options.length, "rows": LIFE_ROWS, "growth": GROWTH, "conditions": conditions}


def reign(task: Task) -> float | None:
    """Return the share of new rows with which the champion was replaced, None where it reigned on.

    Two masks, drawn row by row, that nothing but their lifts tells apart; each night brings rows, and a challenger.
    """
    rng = np.random.default_rng(
        sub_seed(task.options.seed, round(100 * task.lift), task.index, round(100 * task.better))
    )
    most = round(ROWS * GROWTH) * task.options.length
    ours, theirs = rng.random(most) < KEEP, rng.random(most) < KEEP
    lift = _better_lift(task.lift, task.better)
    relative = np.where(ours, lift, (1 - KEEP * lift) / (1 - KEEP))
    relative *= np.where(theirs, task.lift, (1 - KEEP * task.lift) / (1 - KEEP))
    minority = rng.random(most) < MINORITY_SHARE * relative
    trial = rng.integers(0, TRIAL_NUMBERS, most)
    for night in range(1, task.options.length + 1):
        rows = slice(0, round(ROWS * GROWTH) * night)
        fresh = Pool(np.arange(rows.stop, dtype=np.uint64), minority[rows], trial[rows])
        if challenge(fresh, ours[rows], theirs[rows], night).won:
            return rows.stop / ROWS
    return None


def _better_lift(lift: float, better: float) -> float:
    """Return the lift whose objective is better by so much; coverage and size are alike."""
    wanted = ENRICH_WEIGHT * np.tanh(np.log(lift)) + better
    return float(brentq(lambda one: ENRICH_WEIGHT * np.tanh(np.log(one)) - wanted, 1.0, 50.0))


def life(task: Task) -> Life:
    """Search and decide night after night on a pool that grows; what is published is the champion from then on."""
    options, rows = task.options, min(task.options.rows, LIFE_ROWS)
    rng = np.random.default_rng(sub_seed(options.seed, round(100 * task.lift), task.index))
    signal = random_signal(task.lift, rows, rng)
    whole, order = signal_pool(signal, rows, rng), rng.permutation(rows)
    everything = population(rows)
    pins = " ".join(f"{name}={signal.params[name]}" for name in ("residue_mod_3", "max_offset"))
    spec = spec_named(f"{SWEEP} {pins}", 0)

    def truth(params: Params) -> float:
        kept = float(residue_mask(everything, params, POLICY).kept.mean())
        return float(combine(1.0, 1.0, kept, kept * true_lift(signal, params, everything), 1.0))

    champion: Champion | None = None
    changes, since, challengers, published = [], 0, 0, 0
    for left in range(options.length - 1, -1, -1):
        there = int(rows * (1 + GROWTH) ** -left)
        pool = whole.rows(np.sort(order[:there]))
        if champion is not None:
            old = np.zeros(rows, np.bool_)
            old[order[:since]] = True
            fresh = ~old[np.sort(order[:there])]
            champion = Champion(champion.params, POLICY, champion.fingerprint, fresh)
        decision = searched(pool, spec).judge(
            ALPHA, options.length - left, champion=champion, challenger=challengers + 1
        )
        challengers += decision.champion is not None
        if decision.verdict is Verdict.PUBLISH and decision.candidate is not None:
            if champion is not None:
                changes.append(truth(decision.candidate.params) - truth(champion.params))
            champion = Champion(decision.candidate.params, POLICY, str(left), np.zeros(there, np.bool_))
            since, challengers, published = there, 0, published + 1
    return Life(published, tuple(changes))


def _of_reigns(nights: Sequence[float | None]) -> dict[str, Any]:
    ended = [share_of_new for share_of_new in nights if share_of_new is not None]
    by = [{"new_rows": one, **share(sum(when <= one + 1e-9 for when in ended), len(nights))} for one in SHARES]
    return {"replaced": share(len(ended), len(nights)), "new_rows_at_end": quantiles(ended), "by_new_rows": by}


def _of_lives(lives: Sequence[Life]) -> dict[str, Any]:
    changes = [change for one in lives for change in one.changes]
    return {
        "published_once": share(sum(one.published > 0 for one in lives), len(lives)),
        "replacements": len(changes),
        "worse": share(sum(change < 0 for change in changes), len(changes)),
        "largest_loss": max((0.0, *(-change for change in changes))),
        "change": quantiles(changes),
    }
