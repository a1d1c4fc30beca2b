"""From a pool to the gate's decisions: one search, judged as any decision of an installation's life."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np

from scorer_core.gate.case import Case, Champion, Permit, Rules
from scorer_core.gate.decide import decide
from scorer_core.gate.decision import Decision
from scorer_core.gate.examination import Examiner, Found
from scorer_core.gate.sampled import fronts_among
from scorer_core.gate.space import space_size
from scorer_core.gate.verdict import Verdict
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.pool.folds import fold_of
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import MODULI, objective_params
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.scoring.sweep.outcome import merge
from scorer_core.scoring.sweep.shards import HIGH, LOW, ShardRequest, shard_params
from scorer_core.search.one_lane import SearchedTrial, search_one_lane
from scorer_core.search.swept import best_config
from scorer_core.spec import RunSpec
from scorer_core.spending import share_of

_SHA = "0" * 64  # nothing is shipped: one worker and one pool, by construction
_NEVER = sys.float_info.min  # a level that no p_space is at most: the config with the smallest is picked


@dataclass(frozen=True)
class Searched:
    """A pool, what searched it, and what came of that."""

    pool: Pool
    spec: RunSpec
    trials: tuple[SearchedTrial, ...]
    found: Found

    def judge(
        self,
        alpha: float,
        number: int = 1,
        strata: StrataRule = StrataRule.TRIAL,
        champion: Champion | None = None,
        challenger: int = 1,
        space: int | None = None,
    ) -> Decision:
        """Return the gate's decision, were it this one of the installation's life, and had it `space` to pay for."""
        trials = tuple(Trial.done(*trial, _SHA, _SHA) for trial in self.trials)
        permit = Permit(number, alpha, share_of(alpha, number), share_of(alpha, number + 1), strata)
        rules = replace(Rules.of(self.spec, _SHA, _SHA), n_trials=len(trials))
        case = Case(
            rules,
            trials,
            lambda: self.found,
            self.pool,
            permit,
            champion=champion,
            challenger=lambda _mask: challenger,
        )
        with paying_for(space or self.space):
            return decide(case)

    @property
    def space(self) -> int:
        """Return the number of configs that are paid for: of the whole space, or of what the run's pins leave."""
        policy, pinned = self.spec.mask_policy, self.spec.pinned
        return full_grid(policy, pinned).size if pinned else space_size(policy)

    def smallest_log_p_space(self, strata: StrataRule = StrataRule.TRIAL, space: int | None = None) -> float | None:
        """Return the smallest ln p_space found, None of nothing: `real` passes where it is at most ln α_j."""
        policy = self.spec.mask_policy
        examiner = Examiner(self.pool, strata, fold_of(self.pool.seeds), policy, space or self.space)
        best = examiner.pick(self.found.on_all, np.ones(len(self.pool), np.bool_), _NEVER)
        return None if best is None else best.log_p_space

    def publishes(self, alpha: float, number: int = 1, space: int | None = None) -> bool:
        """Say whether the gate publishes: what `judge` says, at a fraction of its cost where nothing is real."""
        smallest = self.smallest_log_p_space(space=space)
        if smallest is None or smallest > math.log(share_of(alpha, number)):
            return False
        return self.judge(alpha, number, space=space).verdict is Verdict.PUBLISH


@contextmanager
def paying_for(space: int) -> Iterator[None]:
    """Have the gate pay for so many configs while this lasts. A run cannot: it pays for its policy's whole space."""
    with patch("scorer_core.gate.decide.space_size", lambda _policy: space):
        yield


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
    for number, request in enumerate(_shards(spec)):
        outcomes.append(scorer.sweep(request))
        trials.append(best_config(outcomes[-1], number, scorer, spec))
    whole = merge(outcomes)
    on_all, *without = (tuple(one.values for one in front) for front in whole.fronts)
    largest = None if whole.widest is None else whole.widest.largest_lift
    return Searched(pool, spec, tuple(trials), Found(on_all, tuple(without), largest))


def _shards(spec: RunSpec) -> list[ShardRequest]:
    """Return the shards of the whole space; what pins leave of it is small, and one shard."""
    policy, pinned = spec.mask_policy, spec.pinned
    if not pinned:
        return [ShardRequest(number, shard_params(policy, number), policy) for number in range(spec.n_trials)]
    mods_3 = full_grid(policy, pinned).axis(MODULI[2])
    return [ShardRequest(0, {LOW: mods_3[0], HIGH: mods_3[-1], **pinned}, policy)]
