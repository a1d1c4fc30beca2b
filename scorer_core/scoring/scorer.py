"""What a warm worker holds: a pool prepared so that a trial costs a millisecond and a shard a few hundredths."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.sampling import sample_rows
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.limits import CACHE_MB
from scorer_core.scoring.masks import mask_of_residues, moduli_of
from scorer_core.scoring.objective import score_counts
from scorer_core.scoring.residues import ResidueCache
from scorer_core.scoring.sweep.kernel import ShardKernel
from scorer_core.scoring.sweep.outcome import ShardOutcome
from scorer_core.scoring.sweep.shards import SAMPLE_NUMBER, ShardRequest
from scorer_core.scoring.trial import Evaluation, TrialRequest


class PoolScorer:
    """Scores trials and shards on one pool, as `evaluate` does, bit for bit.

    Held once per pool: residues, within `cache_bytes`; the trial numbers as codes from 0; the minority; and the sample
    that was swept last.
    """

    def __init__(self, pool: Pool, cache_bytes: int = CACHE_MB * 2**20) -> None:
        self._pool = pool
        self._residues = ResidueCache(pool.seeds, cache_bytes)
        numbers, codes = np.unique(pool.trial_number, return_inverse=True)
        self._codes = codes.astype(np.int64)
        self._numbers = len(numbers)
        self._sampled: tuple[int | None, PoolScorer] | None = None

    def evaluate(self, request: TrialRequest) -> Evaluation:
        """Score one request on the rows that its number and sample size prescribe."""
        columns = [self._residues.of(modulus) for modulus in moduli_of(request.params)]
        minority, codes = self._pool.minority, self._codes
        chosen = sample_rows(len(self._pool), request.sample_size, request.trial_number)
        if chosen is not None:
            columns = [column[chosen] for column in columns]
            minority, codes = minority[chosen], codes[chosen]
        mask = mask_of_residues(columns, request.params, request.mask_policy)
        everything = self._numbers if chosen is None else self._distinct(codes)
        scored = score_counts(
            Counts.of(minority, mask.kept), coverage=lambda: self._distinct(codes[mask.kept]) / everything
        )
        return Evaluation(score=scored, pass_rates=mask.pass_rates, blind=mask.blind)

    def sweep(self, request: ShardRequest) -> ShardOutcome:
        """Score every config of a shard, on the rows that its sample size prescribes; return best and counts."""
        chosen = sample_rows(len(self._pool), request.sample_size, SAMPLE_NUMBER)
        if chosen is None:
            return self._kernel.sweep(request.grid)
        if self._sampled is None or self._sampled[0] != request.sample_size:
            self._sampled = (request.sample_size, PoolScorer(self._pool.rows(chosen), self._residues.max_bytes))
        return self._sampled[1].sweep(replace(request, sample_size=None))

    @cached_property
    def _kernel(self) -> ShardKernel:
        return ShardKernel(self._pool, self._residues, self._codes)

    def _distinct(self, codes: NDArray[np.int64]) -> int:
        return int(np.count_nonzero(np.bincount(codes, minlength=self._numbers)))
