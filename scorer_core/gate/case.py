"""The case before the gate: the run's rules, the facts about its trials, the two parts of the pool."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.trial import Evaluation, TrialRequest
from scorer_core.spec import RunSpec

DONE = "done"
FAILED = "failed"


@dataclass(frozen=True)
class Rules:
    """What the run was told to do, and what its answer is held to.

    `sample_size` None means all rows; `alpha`, `min_completion` are shares between 0 and 1;
    `min_lift` is the smallest holdout lift worth publishing.
    """

    n_trials: int
    sample_size: int | None
    mask_policy: MaskPolicy
    alpha: float
    min_lift: float
    min_completion: float
    worker_sha256: str
    pool_sha256: str

    @classmethod
    def of(cls, spec: RunSpec, worker_sha256: str, pool_sha256: str) -> Rules:
        """Return the rules of a run with this spec, this worker and this search pool."""
        return cls(
            n_trials=spec.n_trials,
            sample_size=spec.sample_size,
            mask_policy=spec.mask_policy,
            alpha=spec.alpha,
            min_lift=spec.min_lift,
            min_completion=spec.min_completion,
            worker_sha256=worker_sha256,
            pool_sha256=pool_sha256,
        )


@dataclass(frozen=True)
class TrialFacts:
    """One ticket at the end of the run, and what its result says of itself.

    A ticket without a result has None in `objective` and `reason` and in what a result echoes:
    `sample_size` (None means all rows, in a result), `worker_sha256`, `pool_sha256`, `mask_policy`.
    """

    number: int
    state: str
    params: Params
    objective: float | None
    reason: Reason | None
    sample_size: int | None
    worker_sha256: str | None
    pool_sha256: str | None
    mask_policy: MaskPolicy | None

    @classmethod
    def done(cls, request: TrialRequest, evaluation: Evaluation, worker_sha256: str, pool_sha256: str) -> TrialFacts:
        """Return the facts of a trial that ended with this evaluation."""
        return cls(
            number=request.trial_number,
            state=DONE,
            params=request.params,
            objective=evaluation.score.objective,
            reason=evaluation.score.reason,
            sample_size=request.sample_size,
            worker_sha256=worker_sha256,
            pool_sha256=pool_sha256,
            mask_policy=request.mask_policy,
        )

    @property
    def counts(self) -> bool:
        """Say whether the trial is done and its objective is a number: only then does it count."""
        return self.state == DONE and self.objective is not None and math.isfinite(self.objective)

    @property
    def accepted(self) -> bool:
        """Say whether the trial counts and the objective did not reject its mask."""
        return self.counts and self.reason == Reason.OK


@dataclass(frozen=True)
class Champion:
    """The published config: its parameters, read under the mask policy that it was published with.

    `published_lift` is its holdout lift at that time, None when that is not known.
    """

    params: Params
    mask_policy: MaskPolicy
    published_lift: float | None = None


@dataclass(frozen=True)
class Case:
    """All that a decision depends on.

    `search` and `holdout` are the two parts of one split pool; `decision` is the number of this
    decision on this pool, from 1: the j of α_j. `champion` is None while nothing is published.
    """

    rules: Rules
    trials: tuple[TrialFacts, ...]
    search: Pool
    holdout: Pool
    decision: int
    champion: Champion | None = None
