"""Counts of all configs with one `residue_mod_3` and some reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.scoring.sweep.candidates import Indices
from scorer_core.scoring.sweep.rows import Bulk, Float64
from scorer_core.scoring.sweep.scopes import ALL_ROWS
from scorer_core.scoring.sweep.voters import Voters

Where = tuple[Indices, ...]


@dataclass(frozen=True)
class Part:
    """The counts of all configs with one `residue_mod_3` and some reaches.

    `kept`, `minority` and `shares` have shape (reaches, SCOPES, mods_1, mods_2); the first two are exact, `shares` only
    nearly: `exact_shares`, by fold instead of scope, are. `first` is the place of the first reach in the grid.
    """

    voters: Voters
    place_3: int
    first: int
    kept: Bulk
    minority: Bulk
    shares: Bulk
    exact_shares: tuple[Float64, Float64]

    def __len__(self) -> int:
        return len(self.kept)

    def shares_at(self, where: Where) -> NDArray[np.int64]:
        """Return the exact sums of shares at `where`, (reach, scope, mods_1, mods_2), in 1 / SHARE_ONE: shape (n,)."""
        reach, scope, one, two = where
        pairs, third = self.exact_shares
        by_fold = pairs[reach, :, one, two] + third[reach, :, one, two]
        outside = by_fold[np.arange(len(scope)), np.maximum(scope - 1, 0)]
        inside: Float64 = by_fold.sum(axis=1) - np.where(scope == ALL_ROWS, 0.0, outside)
        return inside.astype(np.int64)


def places_of(passing: NDArray[np.bool_]) -> Where:
    """Return the indices of what is true, an array for each axis: as `np.nonzero`, which is slow where few are."""
    return np.unravel_index(np.flatnonzero(passing), passing.shape)
