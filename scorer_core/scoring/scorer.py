"""What a warm worker holds: a pool prepared so that a trial costs a millisecond and a shard a few hundredths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.sampling import sample_rows
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.limits import CACHE_MB
from scorer_core.scoring.masks import mask_of_residues, moduli_of
from scorer_core.scoring.objective import score_counts
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.residues import ResidueCache
from scorer_core.scoring.sweep.batches import PermutationRequest, Permuted
from scorer_core.scoring.sweep.chance import best_of_space
from scorer_core.scoring.sweep.kernel import ShardKernel
from scorer_core.scoring.sweep.outcome import ShardOutcome
from scorer_core.scoring.sweep.rows import Columns, SweepRows
from scorer_core.scoring.sweep.shards import SAMPLE_NUMBER, ShardRequest
from scorer_core.scoring.trial import Evaluation, TrialRequest


class PoolScorer:
    """Scores trials and shards on one pool, as `evaluate` does, bit for bit.

    Held within `cache_bytes`: residues for trials, or the levels of the rows that are swept; and what a sweep knows
    of the rows and the grid that it swept last.
    """

    def __init__(self, columns: Columns, cache_bytes: int = CACHE_MB * 2**20, swept: SweepRows | None = None) -> None:
        """Take a pool's rows in a sweep's order; `swept` are the same with their levels, if somebody has made them."""
        self._columns = columns
        self._cache_bytes = cache_bytes
        self._residues = ResidueCache(columns.seeds, cache_bytes)
        self._swept = swept
        self._kernel: tuple[tuple[MaskPolicy, int | None], ShardKernel] | None = None

    @classmethod
    def of(cls, pool: Pool, cache_bytes: int = CACHE_MB * 2**20) -> PoolScorer:
        """Prepare a pool."""
        return cls(Columns.of(pool), cache_bytes)

    @property
    def rows(self) -> int:
        """Return how many rows the pool has."""
        return len(self._columns)

    def answer(self, request: TrialRequest | ShardRequest | PermutationRequest) -> Evaluation | ShardOutcome | Permuted:
        """Compute what a request asks for."""
        if isinstance(request, TrialRequest):
            return self.evaluate(request)
        return self.sweep(request) if isinstance(request, ShardRequest) else self.permuted(request)

    def evaluate(self, request: TrialRequest) -> Evaluation:
        """Score one request on the rows that its number and sample size prescribe."""
        columns = [self._residues.of(modulus) for modulus in moduli_of(request.params)]
        minority, codes = self._columns.minority.view(np.bool_), self._columns.codes
        chosen = sample_rows(len(self._columns), request.sample_size, request.trial_number)
        if chosen is not None:
            places = self._columns.place[chosen]
            columns = [column[places] for column in columns]
            minority, codes = minority[places], codes[places]
        mask = mask_of_residues(columns, request.params, request.mask_policy)
        everything = len(self._columns.shares) if chosen is None else self._distinct(codes)
        scored = score_counts(
            Counts.of(minority, mask.kept), coverage=lambda: self._distinct(codes[mask.kept]) / everything
        )
        return Evaluation(score=scored, pass_rates=mask.pass_rates, blind=mask.blind)

    def sweep(self, request: ShardRequest) -> ShardOutcome:
        """Score every config of a shard on the rows that its sample size prescribes; return the best and the counts."""
        chosen = sample_rows(len(self._columns), request.sample_size, SAMPLE_NUMBER)
        key = request.mask_policy, None if chosen is None else request.sample_size
        if self._kernel is None or self._kernel[0] != key:
            self._kernel = None  # what it holds is free before as much is made again
            self._kernel = key, ShardKernel(self._rows(request.mask_policy, chosen))
        return self._kernel[1].sweep(request.grid)

    def permuted(self, request: PermutationRequest) -> Permuted:
        """Return the best of the whole space on each permutation that is asked for, on all rows."""
        self._kernel = None  # what it holds is free before as much is made again
        rows = self._rows(request.mask_policy, None)
        return Permuted(best_of_space(rows, request.permutations, held_bytes=self._cache_bytes).permuted)

    def _rows(self, policy: MaskPolicy, chosen: NDArray[np.intp] | None) -> SweepRows:
        if chosen is not None:
            return SweepRows.of(self._columns.some(chosen), policy, self._cache_bytes)
        if self._swept is not None and self._swept.layout.policy is policy:
            return self._swept
        return SweepRows.of(self._columns, policy, self._cache_bytes)

    def _distinct(self, codes: NDArray[np.uint32]) -> int:
        return int(np.count_nonzero(np.bincount(codes, minlength=len(self._columns.shares))))
