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
from scorer_core.scoring.masks import mask_of_residues
from scorer_core.scoring.objective import (
    COVERAGE_WEIGHT,
    ENRICH_WEIGHT,
    IDEAL_KEEP,
    KEEP_FLOOR,
    MAX_KEEP,
    MAX_SIZE_PENALTY,
    MIN_KEEP,
    MIN_KEPT,
    REJECTED,
    SHARE_FLOOR,
    SIZE_WEIGHT,
    Reason,
    score_counts,
)
from scorer_core.scoring.residues import ResidueCache
from scorer_core.scoring.sweep.counts import GridCounter, GridCounts
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
        counts = self._counter_of(grid).count(grid.mods_3)
        masks = _by_reason(counts.kept, len(self._pool))
        tally = {reason.value: int(np.count_nonzero(mask)) for reason, mask in masks.items()}
        accepted = np.flatnonzero(masks[Reason.OK])
        bounds = self._bounds(counts.kept.ravel()[accepted], counts.minority_kept.ravel()[accepted])
        top = self._best(grid, accepted, bounds, counts)
        if not top:
            first = (grid.mods_1[0], grid.mods_2[0], grid.mods_3[0], grid.reaches[0])
            top = [Ranked(*first, objective=REJECTED)]
        return ShardOutcome(grid.size, tally, tuple(top))

    def _counter_of(self, grid: Grid) -> GridCounter:
        what = (grid.policy, grid.mods_1, grid.mods_2, grid.reaches)
        if self._counter is None or self._counter[0] != what:
            self._counter = (what, GridCounter(grid, self._pool.minority, self._residues))
        return self._counter[1]

    def _bounds(self, kept: NDArray[np.int64], minority_kept: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return upper bounds of the objective; tanh(ln q) is (q² − 1) / (q² + 1)."""
        rows = len(self._pool)
        squared = ((minority_kept / kept + SHARE_FLOOR) / (self._minority / rows + SHARE_FLOOR)) ** 2
        coverage = np.minimum(kept / self._numbers, 1.0)
        penalty = np.minimum(np.abs(np.log((kept / rows + KEEP_FLOOR) / IDEAL_KEEP)), MAX_SIZE_PENALTY)
        weighted = ENRICH_WEIGHT * (squared - 1) / (squared + 1) + COVERAGE_WEIGHT * coverage - SIZE_WEIGHT * penalty
        return np.asarray(np.clip(weighted, -1.0, 1.0) + MARGIN, dtype=np.float64)

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
        shape = counts.kept.shape
        for place in places:
            mod_3, reach, mod_1, mod_2 = np.unravel_index(place, shape)
            moduli = (grid.mods_1[mod_1], grid.mods_2[mod_2], grid.mods_3[mod_3])
            ranked = Ranked(*moduli, reach=grid.reaches[reach], objective=REJECTED)
            kept, minority_kept = int(counts.kept.flat[place]), int(counts.minority_kept.flat[place])
            yield self._exact(grid, ranked, kept, minority_kept)

    def _exact(self, grid: Grid, config: Ranked, kept: int, minority_kept: int) -> Ranked:
        params = config.params(grid.policy)
        columns = [self._residues.of(int(params[f"residue_mod_{d}"])) for d in (1, 2, 3)]
        mask = mask_of_residues(columns, params, grid.policy).kept
        scored = score_counts(
            rows=len(self._pool),
            minority=self._minority,
            kept=kept,
            minority_kept=minority_kept,
            coverage=lambda: int(np.count_nonzero(np.bincount(self._codes[mask]))) / self._numbers,
        )
        return config.with_objective(scored.objective)


def _by_reason(kept: NDArray[np.int64], rows: int) -> dict[Reason, NDArray[np.bool_]]:
    """Return which configs end with each reason, in the objective's order of reasons."""
    keep = kept / rows
    too_small = kept < MIN_KEPT
    too_low = ~too_small & (keep < MIN_KEEP)
    too_high = ~too_small & (keep > MAX_KEEP)
    return {
        Reason.OK: ~(too_small | too_low | too_high),
        Reason.TOO_SMALL: too_small,
        Reason.KEEP_TOO_LOW: too_low,
        Reason.KEEP_TOO_HIGH: too_high,
    }
