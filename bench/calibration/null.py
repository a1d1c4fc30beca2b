"""Study `null`: whole searches on pools without signal; what the gate publishes there is noise.

Three kinds of pools: labels random; labels of a real sieve permuted within its Step 1 trials; and whole trials
permuted, so that each keeps a share of the minority that has nothing to do with its seeds. Beside the gate stands the
tail that ignores the trials, to show what they are for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.calibration.engines import SWEEP, spec_named
from bench.calibration.harness import Options, spread, sub_seed
from bench.calibration.intervals import quantiles, share
from bench.calibration.judge import searched
from bench.calibration.pools import random_label_pool, sieve_within_trials, whole_trials_pool
from scorer_core.gate.verdict import Verdict
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.spending import share_of

RUNS, ALPHA, BANK = 1000, 0.05, 20
KINDS = ("random_labels", "within_trials", "whole_trials")


@dataclass(frozen=True)
class Task:
    """One run: the kinds of pools take turns."""

    engine: str
    index: int
    alpha: float
    options: Options


@dataclass(frozen=True)
class NullRun:
    """What one run on a pool without signal came to; `log10_p_space` is None without a candidate."""

    kind: str
    rows: int
    verdict: str
    published_without_strata: bool
    best_objective: float | None
    log10_p_space: float | None


def study(options: Options) -> dict[str, Any]:
    """Run every condition on the same pools."""
    runs, alpha = options.runs or RUNS, options.alpha or ALPHA
    conditions = []
    for engine in options.engines or (SWEEP,):
        tasks = [Task(engine, index, alpha, options) for index in range(runs)]
        outcomes = spread(run, tasks, options.workers, f"null {engine}")
        conditions.append({"engine": engine, **summary(outcomes)})
    return {"alpha": alpha, "alpha_1": share_of(alpha, 1), "conditions": conditions}


def run(task: Task) -> NullRun:
    """Search one pool and judge what came of it, as the first decision of an installation."""
    options, kind = task.options, KINDS[task.index % len(KINDS)]
    seed = sub_seed(options.seed, task.index)
    if kind == "random_labels":
        pool = random_label_pool(options.rows, seed)
    elif kind == "within_trials":
        pool = sieve_within_trials(options.examined, task.index // len(KINDS) % BANK, seed)
    else:
        pool = whole_trials_pool(options.rows, seed)
    found = searched(pool, spec_named(task.engine, seed))
    decision, loose = (found.judge(task.alpha, strata=strata) for strata in (StrataRule.TRIAL, StrataRule.NONE))
    return NullRun(
        kind=kind,
        rows=len(pool),
        verdict=decision.verdict.value,
        published_without_strata=loose.verdict is Verdict.PUBLISH,
        best_objective=decision.best_objective,
        log10_p_space=decision.proof.log10_p_space if decision.proof else None,
    )


def summary(outcomes: Sequence[NullRun]) -> dict[str, Any]:
    """Return what was published: in all, and for each kind of pool."""
    return {
        **_numbers(outcomes),
        "by_kind": {kind: _numbers([outcome for outcome in outcomes if outcome.kind == kind]) for kind in KINDS},
        "runs": [asdict(outcome) for outcome in outcomes],
    }


def _numbers(outcomes: Sequence[NullRun]) -> dict[str, Any]:
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    return {
        "published": share(verdicts[Verdict.PUBLISH], len(outcomes)),
        "published_without_strata": share(sum(one.published_without_strata for one in outcomes), len(outcomes)),
        "verdicts": dict(verdicts),
        "pool_rows": quantiles([outcome.rows for outcome in outcomes]),
        "best_objective": quantiles([one.best_objective for one in outcomes if one.best_objective is not None]),
    }
