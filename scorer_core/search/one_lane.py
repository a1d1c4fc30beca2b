"""A whole search in memory: what a run with one lane finds, without ledger, folder or worker."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.trial import Evaluation, TrialRequest
from scorer_core.search.sampler import distributions, sampler_for
from scorer_core.spec import RunSpec

SearchedTrial = tuple[TrialRequest, Evaluation]


def search_one_lane(rows: Pool, spec: RunSpec) -> list[SearchedTrial]:
    """Return the trials of a search over `rows`, by number: what was asked and what came of it.

    Asks for the same parameters, trial by trial, as a run of this spec with one lane would; a run
    with more lanes asks a learning sampler before it knows every earlier answer.
    """
    study = optuna.create_study(direction="maximize")
    space = distributions(spec.mask_policy)
    scorer = PoolScorer.of(rows)
    searched = []
    for number in range(spec.n_trials):
        study.sampler = sampler_for(spec, number)
        trial = study.ask(fixed_distributions=space)
        request = TrialRequest(number, dict(trial.params), spec.sample_size, spec.mask_policy)
        evaluation = scorer.evaluate(request)
        study.tell(trial, evaluation.score.objective, state=TrialState.COMPLETE)
        searched.append((request, evaluation))
    return searched
