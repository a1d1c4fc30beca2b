"""One repeat: every policy searches the same rows, with one seed and budget if it samples; others measure it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from scorer_core.conf import RunConf
from scorer_core.engines import traits_of
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.search.one_lane import search_one_lane
from scorer_core.spec import RunSpec

SEARCH_SHARE = 0.70
"""Of the rows, those that a repeat searches; it measures on the others."""


@dataclass(frozen=True)
class RepeatResult:
    """What one policy came to in one repeat: the best objective of a trial, and that one's lift on the rows kept back.

    None where nothing was accepted.
    """

    objective: float
    lift: float | None
    blind: float
    rejected: float
    by_reason: Mapping[str, float]
    median_keep: float | None


def estimated_seconds(rows: Pool, conf: RunConf, repeats: int) -> float | None:
    """Return how long sweeps with every policy will take, by the time of two shards each; None for other engines.

    A shard costs the same wherever it is cut, but for the first, which makes what the others share.
    """
    if not traits_of(conf.search).walks_grid:
        return None
    searched = rows.rows(np.arange(len(rows)) < SEARCH_SHARE * len(rows))
    return repeats * sum(_seconds_of_a_sweep(searched, spec_of(conf, policy, seed=0)) for policy in MaskPolicy)


def _seconds_of_a_sweep(rows: Pool, spec: RunSpec) -> float:
    scorer, clock = PoolScorer.of(rows), [time.monotonic()]
    numbers = (0, spec.n_trials // 2)
    for number in numbers:
        params = shard_params(spec.mask_policy, number, spec.pinned, spec.n_trials)
        scorer.sweep(ShardRequest(number, params, spec.mask_policy, spec.sample_size))
        clock.append(time.monotonic())
    first, later = (after - before for before, after in zip(clock, clock[1:], strict=False))
    return first + (spec.n_trials - 1) * later


def spec_of(conf: RunConf, policy: MaskPolicy, seed: int) -> RunSpec:
    """Return what a search with one policy does; an engine that samples has the seed."""
    own_seed = None if traits_of(conf.search).walks_grid else seed
    return RunSpec.of(conf.model_copy(update={"mask_policy": policy, "seed": own_seed}))


def run_repeat(rows: Pool, conf: RunConf, repeat: int, seed: int) -> dict[MaskPolicy, RepeatResult]:
    """Split `rows` anew for this repeat, and run every policy on the same split with the same seed."""
    own_seed = int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0]) >> 1
    inside = np.random.default_rng(own_seed).random(len(rows)) < SEARCH_SHARE
    search, kept_back = rows.rows(inside), rows.rows(~inside)
    return {policy: _result(search, kept_back, spec_of(conf, policy, own_seed)) for policy in MaskPolicy}


def _result(search: Pool, kept_back: Pool, spec: RunSpec) -> RepeatResult:
    searched = search_one_lane(search, spec)
    scores = [evaluation.score for _, evaluation in searched]
    reasons = Counter(score.reason for score in scores)
    keeps = [score.keep for score in scores if score.reason is Reason.OK]
    best, score = max(
        ((request, evaluation.score) for request, evaluation in searched), key=lambda one: one[1].objective
    )
    mask = residue_mask(kept_back.seeds, best.params, spec.mask_policy).kept
    counts = Counts.from_mask(kept_back, mask)
    return RepeatResult(
        objective=score.objective,
        lift=counts.minority_kept / counts.expected if score.reason is Reason.OK and counts.expected else None,
        blind=float(np.mean([any(evaluation.blind) for _, evaluation in searched])),
        rejected=1.0 - reasons[Reason.OK] / len(searched),
        by_reason={reason.value: count / len(searched) for reason, count in sorted(reasons.items())},
        median_keep=median(keeps) if keeps else None,
    )
