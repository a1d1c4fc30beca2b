"""One repeat: every policy searches the same rows with the same seeds and budget, and meets the same holdout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from scorer_core.gate.candidate import choose_candidate
from scorer_core.gate.case import Case, Rules
from scorer_core.gate.decide import decide
from scorer_core.gate.holdout import measure
from scorer_core.gate.verdict import Verdict
from scorer_core.pool.split import SEARCH_SHARE
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.search.one_lane import search_one_lane
from scorer_core.spec import RunSpec

_SHA = "0" * 64  # one process, one pool: nothing is shipped that could differ


@dataclass(frozen=True)
class RepeatResult:
    """What one policy came to in one repeat; shares between 0 and 1, None where nothing was accepted."""

    holdout_lift: float | None
    published: bool
    blind: float
    rejected: float
    by_reason: Mapping[str, float]
    median_keep: float | None


def run_repeat(rows: Pool, spec: RunSpec, repeat: int) -> dict[MaskPolicy, RepeatResult]:
    """Split `rows` anew for this repeat, and run every policy on the same split with the same seed."""
    seed = int(np.random.SeedSequence([spec.seed or 0, repeat]).generate_state(1)[0]) >> 1
    inside = np.random.default_rng(seed).random(len(rows)) < SEARCH_SHARE
    search, holdout = rows.rows(inside), rows.rows(~inside)
    return {
        policy: _result(search, holdout, spec.model_copy(update={"mask_policy": policy, "seed": seed}))
        for policy in MaskPolicy
    }


def _result(search: Pool, holdout: Pool, spec: RunSpec) -> RepeatResult:
    searched = search_one_lane(search, spec)
    trials = tuple(Trial.done(request, evaluation, _SHA, _SHA) for request, evaluation in searched)
    candidate = choose_candidate(trials, search, spec.mask_policy)
    scores = [evaluation.score for _, evaluation in searched]
    reasons = Counter(score.reason for score in scores)
    keeps = [score.keep for score in scores if score.reason is Reason.OK]
    decision = decide(Case(Rules.of(spec, _SHA, _SHA), trials, search, holdout, decision=1))
    return RepeatResult(
        holdout_lift=None if candidate is None else measure(holdout, candidate.params, spec.mask_policy).lift,
        published=decision.verdict is Verdict.PUBLISH,
        blind=float(np.mean([any(evaluation.blind) for _, evaluation in searched])),
        rejected=1.0 - reasons[Reason.OK] / len(searched),
        by_reason={reason.value: count / len(searched) for reason, count in sorted(reasons.items())},
        median_keep=median(keeps) if keeps else None,
    )
