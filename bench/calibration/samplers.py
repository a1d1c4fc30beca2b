"""Study `samplers`: ways to sample, compared.

Which finds most, and does any find more than chance?
Every way searches the same pools with the same budget, 26 trials in flight as on the cluster's 26 GPUs, and meets the
same gate; so they are compared in pairs. The space is that of the four parameters which the objective sees, but for
`tpe, eleven`, which is asked for all of them, as releases before 0.2 were.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from scipy.stats import binomtest

from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import quantiles, share
from bench.calibration.judge import sampled
from bench.calibration.pools import POLICY, population, random_signal, signal_pool, true_lift
from scorer_core.gate.verdict import Verdict
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import MODULI, UNSEEN_DEFAULTS, completed, objective_space
from scorer_core.scoring.trial import TrialRequest
from scorer_core.search.one_lane import SearchedTrial
from scorer_core.search.sampler import distributions
from scorer_core.spec import RunSpec

LIFTS = (1.5, 2.0, 3.0)
RUNS, ALPHA = 70, 0.01
TRIALS, IN_FLIGHT = 100, 26
CHANCE = "random"
Space = dict[str, BaseDistribution]


@dataclass(frozen=True)
class Way:
    """A way to sample: the space as Optuna is told it, and the sampler of a seed."""

    space: Space
    sampler: Callable[[int], BaseSampler]


@dataclass(frozen=True)
class Task:
    """The searches on the pool that belongs to a lift and an index."""

    lift: float
    index: int
    alpha: float
    options: Options


@dataclass(frozen=True)
class Found:
    """What one way came to on one pool; the candidate's true lift is 1 where there is none."""

    way: str
    lift: float
    pool: int
    published: bool
    true_lift: float


def ways() -> dict[str, Way]:
    """Return every way that is compared, by name."""
    integers = distributions(POLICY, UNSEEN_DEFAULTS)
    categories: Space = {
        param.name: CategoricalDistribution(param.values()) if param.name in MODULI else integers[param.name]
        for param in objective_space(POLICY)
    }
    found = {
        CHANCE: Way(integers, lambda seed: RandomSampler(seed=seed)),
        "tpe, eleven": Way(distributions(POLICY), _tpe(multivariate=True, constant_liar=True)),
    }
    for (kind, space), multivariate, liar in product(
        (("integers", integers), ("categories", categories)), (True, False), (True, False)
    ):
        words = (kind, "multivariate" if multivariate else "univariate", "liar" if liar else "no liar")
        found["tpe, " + ", ".join(words)] = Way(space, _tpe(multivariate=multivariate, constant_liar=liar))
    half = _tpe(multivariate=True, constant_liar=True, n_startup_trials=TRIALS // 2)
    return found | {"tpe, integers, multivariate, liar, first half by chance": Way(integers, half)}


def _tpe(**options: Any) -> Callable[[int], BaseSampler]:
    return lambda seed: TPESampler(seed=seed, **options)


def study(options: Options) -> dict[str, Any]:
    """Search every pool in every way."""
    alpha, runs = options.alpha or ALPHA, options.runs or RUNS
    lifts = options.lifts or LIFTS
    tasks = [Task(lift, index, alpha, options) for lift in lifts for index in range(runs)]
    found = [one for many in spread(run, tasks, options.workers, "samplers") for one in many]
    return {
        "alpha": alpha,
        "trials": TRIALS,
        "in_flight": IN_FLIGHT,
        "pools": len(tasks),
        "conditions": [summary(name, found, lifts) for name in ways()],
        "runs": [asdict(one) for one in found],
    }


def run(task: Task) -> list[Found]:
    """Plant a signal, search in every way, judge, and look up the truth about what was chosen."""
    options = task.options
    seed = sub_seed(options.seed, round(task.lift * 100), task.index)
    rng = np.random.default_rng(seed)
    signal = random_signal(task.lift, options.rows, rng)
    pool = signal_pool(signal, options.rows, rng)
    everything = population(options.rows)
    found = []
    for name, way in ways().items():
        spec = RunSpec.from_conf({"search": "random", "n_trials": TRIALS, "seed": seed})
        decision = sampled(pool, spec, search(pool, way, seed)).judge(task.alpha)
        candidate = decision.candidate
        lift = true_lift(signal, candidate.params, everything) if candidate else 1.0
        found.append(Found(name, task.lift, task.index, decision.verdict is Verdict.PUBLISH, lift))
    return found


def search(rows: Pool, way: Way, seed: int) -> list[SearchedTrial]:
    """Return the trials of IN_FLIGHT lanes that take turns: each asks before it knows what the others run."""
    study = optuna.create_study(direction="maximize", sampler=way.sampler(seed))
    scorer, searched, running = PoolScorer.of(rows), [], deque[tuple[optuna.Trial, float]]()
    for number in range(TRIALS):
        if len(running) == IN_FLIGHT:
            study.tell(*running.popleft())
        trial = study.ask(fixed_distributions=way.space)
        request = TrialRequest(number, completed(trial.params, POLICY), None, POLICY)
        evaluation = scorer.evaluate(request)
        running.append((trial, evaluation.score.objective))
        searched.append((request, evaluation))
    return searched


def summary(name: str, found: Sequence[Found], lifts: Sequence[float]) -> dict[str, Any]:
    """Return what one way found, at each lift and at all, beside what chance found on the same pools."""
    return {
        "way": name,
        "all": _beside_chance(name, found),
        "by_lift": [
            {"lift": lift, **_beside_chance(name, [one for one in found if one.lift == lift])} for lift in lifts
        ],
    }


def _beside_chance(name: str, found: Sequence[Found]) -> Mapping[str, Any]:
    """Return published share and true lift, and the pools where only this way, or only chance, published.

    The p-value is McNemar's exact one: on pools that only one of the two publishes, either is as likely.
    """
    own = [one for one in found if one.way == name]
    chance = {(one.lift, one.pool): one.published for one in found if one.way == CHANCE}
    only_own = sum(one.published and not chance[one.lift, one.pool] for one in own)
    only_chance = sum(chance[one.lift, one.pool] and not one.published for one in own)
    apart = only_own + only_chance
    return {
        "published": share(sum(one.published for one in own), len(own)),
        "true_lift": quantiles([one.true_lift for one in own]),
        "only_this": only_own,
        "only_chance": only_chance,
        "p_value": float(binomtest(only_own, apart).pvalue) if apart else None,
    }
