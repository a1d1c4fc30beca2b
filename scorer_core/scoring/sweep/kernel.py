"""A shard's answer: exact counts, an upper bound for each config, the exact objective for the contenders.

Millions of objectives are bounded at once, in float64, with full coverage as far as the rows kept
allow. Only configs whose bound reaches the hundredth best exact objective are scored by the
objective itself: so the winners' numbers are its own, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.masks import mask_of_residues, moduli_of
from scorer_core.scoring.objective import REJECTED, Reason, by_reason, combine, score_counts
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.residues import ResidueCache
from scorer_core.scoring.space import MODULI
from scorer_core.scoring.sweep.counter import GridCounter, GridCounts
from scorer_core.scoring.sweep.grid import Grid
from scorer_core.scoring.sweep.outcome import TOP, Ranked, ShardOutcome

MARGIN = 1e-9
"""More than float64 arithmetic in another order can differ by."""


class ShardKernel:
    """Sweeps grids on one pool; what does not depend on `residue_mod_3` is kept from one shard to the next."""

    def __init__(self, pool: Pool, residues: ResidueCache, codes: NDArray[np.int64]) -> None:
        self._pool = pool
        self._residues = residues
        self._codes = codes
        self._numbers = int(codes.max()) + 1
        self._minority = int(np.count_nonzero(pool.minority))
        self._counter: tuple[object, GridCounter] | None = None

    def sweep(self, grid: Grid) -> ShardOutcome:
        """Return the best configs of a grid, and how many configs there are for each reason."""
        counts = self._counter_of(grid).count(grid.moduli(3))
        masks = by_reason(counts.kept, len(self._pool))
        tally = {reason.value: int(np.count_nonzero(mask)) for reason, mask in masks.items()}
        accepted = np.flatnonzero(masks[Reason.OK])
        bounds = self._bounds(counts.kept.ravel()[accepted], counts.minority_kept.ravel()[accepted])
        top = self._best(grid, accepted, bounds, counts)
        if not top:
            top = [Ranked(grid.values_at(0), REJECTED)]
        return ShardOutcome(grid.size, tally, tuple(top))

    def _counter_of(self, grid: Grid) -> GridCounter:
        what = grid.with_axis(MODULI[2], ())  # whatever the shard
        if self._counter is None or self._counter[0] != what:
            self._counter = (what, GridCounter(grid, self._pool.minority, self._residues))
        return self._counter[1]

    def _bounds(self, kept: NDArray[np.int64], minority_kept: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return upper bounds of the objective: coverage is at most one trial number a row."""
        rows, minority = np.array(len(self._pool), np.float64), np.array(self._minority, np.float64)
        floats = kept.astype(np.float64)
        most_coverage = np.minimum(floats / self._numbers, 1.0)
        return combine(rows, minority, floats, minority_kept.astype(np.float64), most_coverage) + MARGIN

    def _best(
        self, grid: Grid, accepted: NDArray[np.intp], bounds: NDArray[np.float64], counts: GridCounts
    ) -> list[Ranked]:
        """Score contenders by falling bound until no other config can be among the TOP best."""
        best: list[Ranked] = []
        while len(accepted):
            first = np.argpartition(-bounds, min(TOP, len(bounds)) - 1)[:TOP]
            best += self._scored(grid, accepted[first], counts)
            best = sorted(best, key=lambda one: one.order)[:TOP]
            worst = best[-1].objective if len(best) == TOP else REJECTED
            left = bounds >= worst
            left[first] = False
            accepted, bounds = accepted[left], bounds[left]
        return best

    def _scored(self, grid: Grid, places: NDArray[np.intp], counts: GridCounts) -> Iterator[Ranked]:
        for place in places:
            values = grid.values_at(int(place))
            kept, minority_kept = int(counts.kept.flat[place]), int(counts.minority_kept.flat[place])
            table = Counts(len(self._pool), self._minority, kept, minority_kept)
            yield Ranked(values, self._exact(Ranked(values, REJECTED).params(grid.policy), grid.policy, table))

    def _exact(self, params: Params, policy: MaskPolicy, counts: Counts) -> float:
        columns = [self._residues.of(modulus) for modulus in moduli_of(params)]
        mask = mask_of_residues(columns, params, policy).kept
        covered = lambda: int(np.count_nonzero(np.bincount(self._codes[mask]))) / self._numbers  # noqa: E731
        return score_counts(counts, covered).objective
