"""From a pool to the gate's decisions: one search, judged as any decision of an installation's life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scorer_core.gate.case import Case, Permit, Rules
from scorer_core.gate.decide import decide
from scorer_core.gate.decision import Decision
from scorer_core.gate.examination import Found
from scorer_core.gate.sampled import fronts_among
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import objective_params
from scorer_core.scoring.sweep.outcome import merge
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.search.one_lane import SearchedTrial, search_one_lane
from scorer_core.search.swept import best_config
from scorer_core.spec import RunSpec
from scorer_core.spending import share_of

_SHA = "0" * 64  # nothing is shipped: one worker and one pool, by construction


@dataclass(frozen=True)
class Searched:
    """A pool, what searched it, and what came of that."""

    pool: Pool
    spec: RunSpec
    trials: tuple[SearchedTrial, ...]
    found: Found

    def judge(self, alpha: float, number: int = 1, strata: StrataRule = StrataRule.TRIAL) -> Decision:
        """Return the gate's decision, were it this one of the installation's life; nothing is published yet."""
        trials = tuple(Trial.done(*trial, _SHA, _SHA) for trial in self.trials)
        permit = Permit(number, alpha, share_of(alpha, number), share_of(alpha, number + 1), strata)
        return decide(Case(Rules.of(self.spec, _SHA, _SHA), trials, lambda: self.found, self.pool, permit))


def searched(pool: Pool, spec: RunSpec) -> Searched:
    """Search a pool by a sweep of all rows, or as one lane that samples does."""
    return _swept(pool, spec) if spec.tries_everything else sampled(pool, spec, search_one_lane(pool, spec))


def sampled(pool: Pool, spec: RunSpec, trials: Sequence[SearchedTrial]) -> Searched:
    """Return what trials that are done bring before the gate."""
    names = objective_params(spec.mask_policy)
    tried = {tuple(request.params[name] for name in names): None for request, _ in trials}
    on_all, *without = (tuple(one.values for one in front) for front in fronts_among(tried, pool, spec.mask_policy))
    return Searched(pool, spec, tuple(trials), Found(on_all, tuple(without)))


def _swept(pool: Pool, spec: RunSpec) -> Searched:
    scorer, outcomes, trials = PoolScorer.of(pool), [], []
    for number in range(spec.n_trials):
        request = ShardRequest(number, shard_params(spec.mask_policy, number, spec.pinned), spec.mask_policy)
        outcomes.append(scorer.sweep(request))
        trials.append(best_config(outcomes[-1], number, scorer, spec))
    whole = merge(outcomes)
    on_all, *without = (tuple(one.values for one in front) for front in whole.fronts)
    largest = None if whole.widest is None else whole.widest.largest_lift
    return Searched(pool, spec, tuple(trials), Found(on_all, tuple(without), largest))
