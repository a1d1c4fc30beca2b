"""Study `sequence`: many runs in a row on one unchanged pool without signal.

May even one of them publish?

Random search only: its configs do not depend on what was found, and its samples only on the trial's
number. So the sampled rows of all trials are taken once for a pool, and serve all its runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import optuna

from bench.calibration.engines import spec_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import quantiles, share
from bench.calibration.judge import judge
from bench.calibration.pools import random_label_pool
from scorer_core.engines import SearchEngine
from scorer_core.errors import InputError
from scorer_core.gate.verdict import Verdict
from scorer_core.pool.sampling import sample_rows
from scorer_core.pool.split import split_pool
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.trial import TrialRequest, evaluate
from scorer_core.search.one_lane import SearchedTrial
from scorer_core.search.sampler import distributions, sampler_for, whole_params
from scorer_core.spec import RunSpec

ENGINE, REPEATS, ALPHA = "random-100@5000", 200, 0.05


@dataclass(frozen=True)
class Task:
    """One pool and its runs."""

    engine: str
    index: int
    alpha: float
    options: Options


@dataclass(frozen=True)
class SequenceRun:
    """One pool's runs: how many published, the first that did (from 1), decisions spent, smallest p-value."""

    published: int
    first_published: int | None
    decisions: int
    smallest_p: float | None


def study(options: Options) -> dict[str, Any]:
    """Run every sequence and count those with at least one publish."""
    alpha = options.alpha or ALPHA
    engine = options.engines[0] if options.engines else ENGINE
    tasks = [Task(engine, index, alpha, options) for index in range(options.runs or REPEATS)]
    outcomes = spread(run, tasks, options.workers, f"sequence of {options.length} {engine}")
    return {
        "alpha": alpha,
        "length": options.length,
        "engine": engine,
        "at_least_one": share(sum(outcome.published > 0 for outcome in outcomes), len(outcomes)),
        "decisions": quantiles([outcome.decisions for outcome in outcomes]),
        "runs": [asdict(outcome) for outcome in outcomes],
    }


def run(task: Task) -> SequenceRun:
    """Search one pool again and again; a run that reads the holdout spends the next decision number.

    A publish makes no champion: each later run faces chance alone, which can only add publishes.
    """
    split = split_pool(random_label_pool(task.options.rows, sub_seed(task.options.seed, task.index)))
    first_spec = spec_named(task.engine, 0)
    samples = sampled_pools(split.search, first_spec)
    spent, published, p_values = 0, [], []
    for number in range(1, task.options.length + 1):
        spec = first_spec.model_copy(update={"seed": sub_seed(task.options.seed, task.index, number)})
        decision = judge(split, random_search(samples, spec), task.alpha, decision=spent + 1)
        if decision.test is not None:
            spent += 1
            p_values.append(decision.test.p_value)
        if decision.verdict is Verdict.PUBLISH:
            published.append(number)
    return SequenceRun(len(published), published[0] if published else None, spent, min(p_values, default=None))


def sampled_pools(rows: Pool, spec: RunSpec) -> list[Pool]:
    """Return the rows that each trial of a run scores."""
    chosen = (sample_rows(len(rows), spec.sample_size, number) for number in range(spec.n_trials))
    return [rows if index is None else rows.rows(index) for index in chosen]


def random_search(samples: Sequence[Pool], spec: RunSpec) -> list[SearchedTrial]:
    """Return what `search_one_lane` returns for a random search, given the rows of each trial.

    Raises:
        InputError: the spec is not of a random search, whose configs alone do not depend on results.
    """
    if spec.search is not SearchEngine.RANDOM:
        raise InputError(f"a sequence of {spec.search.value} runs cannot share its samples; use a random engine.")
    study, space = optuna.create_study(direction="maximize"), distributions(spec.mask_policy, spec.held)
    searched = []
    for number, rows in enumerate(samples):
        study.sampler = sampler_for(spec, number)
        params = whole_params(study.ask(fixed_distributions=space).params, spec)
        request = TrialRequest(number, params, spec.sample_size, spec.mask_policy)
        whole = TrialRequest(number, request.params, None, spec.mask_policy)  # the sample is taken already
        searched.append((request, evaluate(rows, whole)))
    return searched
