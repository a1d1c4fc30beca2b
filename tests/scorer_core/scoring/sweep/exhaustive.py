"""Every config of a small grid, tried one by one by other means than a sweep's."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.folds import FOLDS, fold_of
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import REJECTED, score
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import MODULI, objective_params
from scorer_core.scoring.sweep.grid import Axis, Grid, full_grid
from scorer_core.scoring.sweep.kernel import ShardKernel
from scorer_core.scoring.sweep.outcome import TOP, Ranked, ShardOutcome
from scorer_core.scoring.sweep.rows import Columns, SweepRows

SHARE_ONE = 16384


def reduced(policy: MaskPolicy, *moduli: tuple[int, ...], reaches: Axis) -> Grid:
    """Return a grid with few moduli and reaches; of any other parameter that the objective sees, all values."""
    grid = full_grid(policy).with_axis(policy.value, reaches)
    for name, values in zip(MODULI, moduli, strict=True):
        grid = grid.with_axis(name, values)
    return grid


REDUCED = {
    **{
        policy: reduced(policy, (5, 20), (50, 149), (500, 1009), reaches=full_grid(policy).reaches[::10])
        for policy in MaskPolicy
    },
    MaskPolicy.MAX_OFFSET: reduced(
        MaskPolicy.MAX_OFFSET, (5, 10, 20), (50, 60, 149), (500, 1000, 1499), reaches=(1, 4, 5, 10, 15)
    ),
    MaskPolicy.KEEP_FRACTION: reduced(
        MaskPolicy.KEEP_FRACTION,
        (5, 10, 19),
        (50, 101),
        (500, 1009),
        reaches=(0.1, 0.19, 0.2, 0.33, 0.4, 0.41, 0.5, 0.9),
    ),
}


def swept(pool: Pool, grid: Grid, held_bytes: int = 2**28) -> ShardOutcome:
    """Sweep a grid on a pool, with the levels of its rows held, or made anew for each shard."""
    return ShardKernel(SweepRows.of(Columns.of(pool), grid.policy, held_bytes)).sweep(grid)


@dataclass
class Tried:
    """What all configs came to, in each scope: all rows, then the rows outside each fold."""

    reasons: Counter[str] = field(default_factory=Counter)
    scopes: list[list[Ranked]] = field(default_factory=lambda: [[] for _ in range(1 + FOLDS)])
    rows: int = 0

    @property
    def top(self) -> list[Ranked]:
        """Return the best on all rows; ties by smaller moduli, then by smaller reach."""
        return sorted(self.scopes[0], key=lambda one: (-one.objective, one.values))[:TOP]

    def front(self, scope: int) -> list[Ranked]:
        """Return those that no other beats: by comparing each with each."""
        configs = [(_evidence(one), one) for one in self.scopes[scope]]
        kept = [
            (evidence, one)
            for evidence, one in configs
            if not any(_beats(other, theirs, one, evidence) for theirs, other in configs)
        ]
        return [one for _, one in sorted(kept, key=lambda pair: -pair[0])]

    @property
    def widest(self) -> Ranked | None:
        """Return the accepted config that keeps a tenth or more with the largest lift for which M is no surprise."""
        wide = [one for one in self.scopes[0] if one.kept >= 0.1 * self.rows]
        return min(wide, key=lambda one: (-_largest_lift(one), one.values), default=None)


def tried(pool: Pool, grid: Grid) -> Tried:
    """Try every config with mask and objective, on all rows and outside each fold."""
    found, shares, outside = Tried(rows=len(pool)), _shares(pool), list(_outside(pool))
    for values in itertools.product(*grid.axes):
        params = dict(zip(objective_params(grid.policy), values, strict=True))
        kept = residue_mask(pool.seeds, params, grid.policy).kept
        for number, rows in enumerate(outside):
            scored = score(pool.rows(rows), kept[rows])
            if number == 0:
                found.reasons[scored.reason.value] += 1
            if scored.objective > REJECTED:
                both = rows & kept
                counts = int(both.sum()), int((both & pool.minority).sum()), int(shares[both].sum())
                found.scopes[number].append(Ranked(values, scored.objective, *counts))
    return found


def _outside(pool: Pool) -> Iterator[NDArray[np.bool_]]:
    yield np.ones(len(pool), np.bool_)
    folds = fold_of(pool.seeds)
    for fold in range(FOLDS):
        yield folds != fold


def _shares(pool: Pool) -> NDArray[np.int64]:
    """Return the minority share of each row's Step 1 trial in 1 / SHARE_ONE, to the nearest; never 0 for some."""
    found = np.zeros(len(pool), np.int64)
    for number in np.unique(pool.trial_number):
        own = pool.trial_number == number
        of, minority = int(own.sum()), int((own & pool.minority).sum())
        found[own] = max(math.floor(minority * SHARE_ONE / of + 0.5), 1 if minority else 0)
    return found


def _divergence(kept: int, minority: float, mean: float) -> float:
    """Return n · KL(M/n ‖ E/n)."""
    first = minority * math.log(minority / mean) if minority else 0.0
    second = (kept - minority) * math.log((kept - minority) / (kept - mean)) if kept > minority else 0.0
    return first + second


def _evidence(one: Ranked) -> float:
    expected = one.shares / SHARE_ONE
    return max(_divergence(one.kept, one.minority_kept, expected), 0.0) if one.minority_kept > expected else 0.0


def _beats(one: Ranked, evidence: float, other: Ranked, theirs: float) -> bool:
    """Say whether one is as good in both, and better in one, or before the other in the order of ties."""
    if evidence < theirs or one.objective < other.objective:
        return False
    return (evidence, one.objective) != (theirs, other.objective) or one.values < other.values


def _largest_lift(one: Ranked) -> float:
    low, high = float(one.minority_kept), float(one.kept)
    for _ in range(60):
        middle = (low + high) / 2
        near = middle < one.kept and _divergence(one.kept, one.minority_kept, middle) < math.log(20)
        low, high = (middle, high) if near else (low, middle)
    return high / (one.shares / SHARE_ONE)
