"""What a warm worker holds: a pool prepared so that a trial costs a millisecond and a shard a few hundredths."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.sampling import sample_rows
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.masks import mask_of_residues, moduli_of
from scorer_core.scoring.objective import score_counts
from scorer_core.scoring.residues import ResidueCache
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.scoring.sweep.kernel import ShardKernel
from scorer_core.scoring.sweep.outcome import ShardOutcome
from scorer_core.scoring.sweep.shards import HIGH, LOW, ShardRequest
from scorer_core.scoring.trial import Evaluation, TrialRequest

DEFAULT_CACHE_BYTES = 256 * 2**20


class PoolScorer:
    """Scores trials and shards on one pool, as `evaluate` does, bit for bit.

    Held once per pool: residues, within `cache_bytes`; the trial numbers as codes from 0; the minority.
    """

    def __init__(self, pool: Pool, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._pool = pool
        self._residues = ResidueCache(pool.seeds, cache_bytes)
        numbers, codes = np.unique(pool.trial_number, return_inverse=True)
        self._codes = codes.astype(np.int64)
        self._numbers = len(numbers)

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
        """Score every config of a shard, on all rows, and return the best and the counts."""
        grid = full_grid(request.mask_policy).with_mods_3(request.params[LOW], request.params[HIGH])
        return self._kernel.sweep(grid)

    @cached_property
    def _kernel(self) -> ShardKernel:
        return ShardKernel(self._pool, self._residues, self._codes)

    def _distinct(self, codes: NDArray[np.int64]) -> int:
        return int(np.count_nonzero(np.bincount(codes, minlength=self._numbers)))
