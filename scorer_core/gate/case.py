"""The case before the gate: the run's rules, its trials, what it found, the pool, and what is published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scorer_core.engines import traits_of
from scorer_core.gate.changes import Changes
from scorer_core.gate.examination import Found
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.gate.within_trials.strata import Mask
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.params import Params, ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params
from scorer_core.spec import RunSpec


@dataclass(frozen=True)
class Rules:
    """What the run was told to do, and what its answer is held to.

    `sample_size` None means all rows; `min_completion` is a share between 0 and 1; `min_lift` is the smallest lift
    worth publishing; `held` are the parameters that were not searched; `unit` is what its engine calls a ticket.
    """

    n_trials: int
    sample_size: int | None
    mask_policy: MaskPolicy
    min_lift: float
    min_completion: float
    worker_sha256: str
    pool_sha256: str
    held: Mapping[str, ParamValue]
    unit: str = "trial"

    @classmethod
    def of(cls, spec: RunSpec, worker_sha256: str, pool_sha256: str) -> Rules:
        """Return the rules of a run with this spec, this worker and this pool."""
        return cls(
            n_trials=spec.n_trials,
            sample_size=spec.sample_size,
            mask_policy=spec.mask_policy,
            min_lift=spec.min_lift,
            min_completion=spec.min_completion,
            worker_sha256=worker_sha256,
            pool_sha256=pool_sha256,
            held=spec.held_values,
            unit=traits_of(spec.search).unit,
        )


@dataclass(frozen=True)
class Champion:
    """The published config: its parameters, read under the mask policy that it was published with.

    `fresh`, shape (n,), says which rows of the pool are outside the one that it was published from: none, where that
    is not known. `notes` say, a sentence each, what had to be assumed to read it.
    """

    params: Params
    mask_policy: MaskPolicy
    fingerprint: str
    fresh: Mask
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Permit:
    """A decision that was asked for before anything was seen: its number, and its share of the installation's α.

    `next_alpha` is what the next decision may spend.
    """

    number: int
    alpha: float
    alpha_j: float
    next_alpha: float
    strata: StrataRule


@dataclass(frozen=True)
class Case:
    """All that a decision depends on.

    `found` is asked for what the search brings, once the trials are found in order. `permit` is None where none was
    asked for: `why_not` says why. `challenger` returns, of a mask, the how many-th challenger of the published config
    it is. `changes` are those since the pool that was decided before, if that is still there.
    """

    rules: Rules
    trials: tuple[Trial, ...]
    found: Callable[[], Found]
    pool: Pool
    permit: Permit | None
    why_not: str = ""
    champion: Champion | None = None
    challenger: Callable[[Mapping[str, ParamValue]], int] = lambda _mask: 1
    changes: Changes | None = None

    @property
    def replaces(self) -> str | None:
        """Return the fingerprint of what a new config would replace, None while nothing is published."""
        return None if self.champion is None else self.champion.fingerprint


def mask_words(params: Params, policy: MaskPolicy) -> dict[str, ParamValue]:
    """Return what a mask is known by: its policy, and the parameters that the objective sees."""
    return {"mask_policy": policy.value, **{name: params[name] for name in objective_params(policy)}}
