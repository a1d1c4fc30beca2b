"""A whole search in memory: what a run with one lane finds, without ledger, folder or worker."""

from __future__ import annotations

from collections.abc import Iterator

import optuna
from optuna.trial import TrialState

from scorer_core.engines import traits_of
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.scoring.trial import Evaluation, TrialRequest
from scorer_core.search.sampler import asked_space, sampler_for, whole_params
from scorer_core.search.swept import best_config
from scorer_core.spec import RunSpec

SearchedTrial = tuple[TrialRequest, Evaluation]


def search_one_lane(rows: Pool, spec: RunSpec) -> list[SearchedTrial]:
    """Return the trials of a search over `rows`, by number: what was asked and what came of it.

    Asks for the same parameters, trial by trial, as a run of this spec with one lane would; a run
    with more lanes asks a learning sampler before it knows every earlier answer. A sweep's trials are
    the best configs of its shards.
    """
    scorer = PoolScorer.of(rows)
    return list(_swept(scorer, spec) if traits_of(spec.search).walks_grid else _sampled(scorer, spec))


def _sampled(scorer: PoolScorer, spec: RunSpec) -> Iterator[SearchedTrial]:
    study = optuna.create_study(direction="maximize")
    space = asked_space(spec)
    for number in range(spec.n_trials):
        study.sampler = sampler_for(spec, number)
        trial = study.ask(fixed_distributions=space)
        request = TrialRequest(number, whole_params(trial.params, spec), spec.sample_size, spec.mask_policy)
        evaluation = scorer.evaluate(request)
        study.tell(trial, evaluation.score.objective, state=TrialState.COMPLETE)
        yield request, evaluation


def _swept(scorer: PoolScorer, spec: RunSpec) -> Iterator[SearchedTrial]:
    for number in range(spec.n_trials):
        params = shard_params(spec.mask_policy, number, spec.pinned, spec.n_trials)
        outcome = scorer.sweep(ShardRequest(number, params, spec.mask_policy, spec.sample_size))
        yield best_config(outcome, number, scorer, spec)
