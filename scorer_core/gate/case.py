"""The case before the gate: the run's rules, its trials, the two parts of the pool."""

from __future__ import annotations

from dataclasses import dataclass

from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.spec import RunSpec


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
class Champion:
    """The published config: its parameters, read under the mask policy that it was published with.

    `published_lift` is its holdout lift at that time, None when that is not known. `notes` say, a sentence
    each, what had to be assumed to read it.
    """

    params: Params
    mask_policy: MaskPolicy
    published_lift: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """All that a decision depends on.

    `search` and `holdout` are the two parts of one split pool; `decision` is the number of this
    decision on this pool, from 1: the j of α_j. `champion` is None while nothing is published.
    """

    rules: Rules
    trials: tuple[Trial, ...]
    search: Pool
    holdout: Pool
    decision: int
    champion: Champion | None = None
