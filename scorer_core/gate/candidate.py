"""The candidate: the one config that is allowed to see the holdout."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params
from scorer_core.scoring.trial import Evaluation, TrialRequest, evaluate

FINALISTS = 10


@dataclass(frozen=True)
class Candidate:
    """A config on all search rows: the trial that found it, all its parameters, its evaluation there."""

    trial_number: int
    params: Params
    evaluation: Evaluation


def finalists(trials: Iterable[Trial], policy: MaskPolicy) -> list[Trial]:
    """Return the ten best trials, best objective first, ties by lower number.

    Two trials with the same parameters, as far as the objective sees them, are one config: the
    better of the two stands for it.
    """
    names = objective_params(policy)
    best: dict[tuple[object, ...], Trial] = {}
    for trial in sorted((trial for trial in trials if trial.has_result), key=_rank):
        best.setdefault(tuple(trial.params[name] for name in names), trial)
    return list(best.values())[:FINALISTS]


def choose_candidate(trials: Iterable[Trial], search: Pool, policy: MaskPolicy) -> Candidate | None:
    """Score the finalists on all search rows and return the best, ties by lower trial number.

    None when every one of them is rejected there, or there are none.
    """
    scored = [_on_all_rows(trial, search, policy) for trial in finalists(trials, policy)]
    accepted = [config for config in scored if config.evaluation.score.reason is Reason.OK]
    return min(accepted, key=lambda config: (-config.evaluation.score.objective, config.trial_number), default=None)


def _rank(trial: Trial) -> tuple[float, int]:
    return (-(trial.objective or 0.0), trial.number)


def _on_all_rows(trial: Trial, search: Pool, policy: MaskPolicy) -> Candidate:
    request = TrialRequest(trial.number, trial.params, sample_size=None, mask_policy=policy)
    return Candidate(trial.number, trial.params, evaluate(search, request))
