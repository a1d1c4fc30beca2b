"""From the trials of a search to the gate's decision, and to the old rule's choice."""

from __future__ import annotations

from collections.abc import Sequence

from scorer_core.gate.case import Case, Rules
from scorer_core.gate.decide import decide
from scorer_core.gate.decision import Decision
from scorer_core.pool.split import Split
from scorer_core.run.trials import Trial
from scorer_core.search.one_lane import SearchedTrial
from scorer_core.spec import RunSpec

_SHA = "0" * 64  # nothing is shipped: one worker and one pool, by construction


def judge(split: Split, trials: Sequence[SearchedTrial], alpha: float, decision: int = 1) -> Decision:
    """Return the gate's decision on a search, with the run's default rules but for `alpha`; no champion."""
    defaults, first = RunSpec.from_conf({}), trials[0][0]
    rules = Rules(
        n_trials=len(trials),
        sample_size=first.sample_size,
        mask_policy=first.mask_policy,
        alpha=alpha,
        min_lift=defaults.min_lift,
        min_completion=defaults.min_completion,
        worker_sha256=_SHA,
        pool_sha256=_SHA,
    )
    return decide(
        Case(rules, tuple(Trial.done(*trial, _SHA, _SHA) for trial in trials), split.search, split.holdout, decision)
    )


def old_choice(trials: Sequence[SearchedTrial]) -> SearchedTrial:
    """Return what the old system published, every time: the trial with the best objective on its own sample."""
    return max(trials, key=lambda trial: trial[1].score.objective)
