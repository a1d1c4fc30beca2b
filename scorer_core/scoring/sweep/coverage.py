"""How many Step 1 trials a config's kept rows come from, without making its mask.

A trial is covered when one of its rows is kept. Most are by a row of V₁∧V₂, the same for every `residue_mod_3`: for
each pair of the first two moduli it is noted at which reach each trial is first covered so. What is left can only
be covered by the few rows that vote in V₃.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.folds import FOLDS
from scorer_core.scoring.sweep.layout import Bytes
from scorer_core.scoring.sweep.rows import SweepRows
from scorer_core.scoring.sweep.scopes import SCOPES, folds_of_scopes
from scorer_core.scoring.sweep.voters import Voters

_LOOKED_AT = 32
"""Rows of a trial in a fold that are looked at first: with more, one of them is nearly always kept."""
_HELD_BYTES = 2**24
_UNCOVERED = 255


@dataclass(frozen=True)
class PairCoverage:
    """For one pair of moduli: `first`, the reach that first covers each trial, shape (SCOPES, trials).

    `covered` has how many trials of a scope each reach covers at least, shape (SCOPES, reaches).
    """

    first: Bytes
    covered: NDArray[np.int64]


class Coverage:
    """Counts covered trials; what it learns of a pair of moduli it keeps, within a bound."""

    def __init__(self, rows: SweepRows) -> None:
        self._rows = rows
        columns = rows.columns
        self._trials = len(columns.shares)
        self._starts = columns.cells
        self._sizes = np.diff(np.append(self._starts, len(columns)))
        self._looked = None if self.exact else _heads(self._starts, self._sizes)
        self._cell = columns.fold_at(self._starts), columns.codes[self._starts]
        self._held: OrderedDict[tuple[int, int], PairCoverage] = OrderedDict()
        self._counted: dict[tuple[int, int], NDArray[np.int64]] = {}

    @property
    def exact(self) -> bool:
        """Say whether all rows are looked at, so that `covered` is no bound but the number."""
        return int(self._sizes.max()) <= _LOOKED_AT

    def covered(self, line_1: int, line_2: int) -> NDArray[np.int64]:
        """Return how many trials each reach covers by V₁∧V₂, at least: shape (SCOPES, reaches)."""
        key = line_1, line_2
        if key not in self._counted:
            self._counted[key] = self._pair(*key).covered
        return self._counted[key]

    def count(self, line_1: int, line_2: int, reach: int, voters: Voters, scope: int, trials: int) -> int:
        """Return how many of a scope's `trials` Step 1 trials have a kept row, exactly."""
        if self.covered(line_1, line_2)[scope, reach] == trials:
            return trials
        inside = folds_of_scopes()[scope]
        covered = self._pair(line_1, line_2).first[scope] <= reach
        columns = self._rows.columns
        voting = voters.places[(voters.levels <= reach) & np.repeat(inside, np.diff(voters.starts))]
        voting = voting[~covered[columns.codes[voting]]]
        if len(voting):
            levels = np.minimum(self._rows.levels(line_1, voting), self._rows.levels(line_2, voting))
            covered[columns.codes[voting[levels <= reach]]] = True
        if not self.exact:
            self._look_further(covered, line_1, line_2, reach, inside)
        return int(np.count_nonzero(covered))

    def _look_further(
        self, covered: NDArray[np.bool_], line_1: int, line_2: int, reach: int, inside: NDArray[np.bool_]
    ) -> None:
        """Mark the trials that V₁∧V₂ covers by rows which were not looked at first."""
        folds, codes = self._cell
        for cell in np.flatnonzero(inside[folds] & ~covered[codes] & (self._sizes > _LOOKED_AT)):
            if not covered[codes[cell]]:
                start = self._starts[cell]
                places = np.arange(start + _LOOKED_AT, start + self._sizes[cell])
                levels = np.maximum(self._rows.levels(line_1, places), self._rows.levels(line_2, places))
                covered[codes[cell]] = levels.min() <= reach

    def _pair(self, line_1: int, line_2: int) -> PairCoverage:
        key = line_1, line_2
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        made = self._held[key] = self._look(line_1, line_2)
        if len(self._held) * made.first.nbytes > _HELD_BYTES:
            self._held.popitem(last=False)
        return made

    def _look(self, line_1: int, line_2: int) -> PairCoverage:
        levels = np.maximum(self._rows.levels(line_1, self._looked), self._rows.levels(line_2, self._looked))
        starts = self._starts
        if self._looked is not None:
            starts = np.concatenate(([0], np.cumsum(np.minimum(self._sizes, _LOOKED_AT))[:-1]))
        by_fold = np.full((FOLDS, self._trials), _UNCOVERED, np.uint8)
        by_fold[self._cell] = np.minimum.reduceat(levels, starts)
        first = _by_scope(by_fold)
        reaches = self._rows.layout.reaches
        covered = np.array([np.bincount(line, minlength=256)[:reaches].cumsum() for line in first])
        return PairCoverage(first, covered.reshape(SCOPES, reaches))


def _by_scope(by_fold: Bytes) -> Bytes:
    """Return the least over the folds of each scope, shape (SCOPES, trials), given that of each fold."""
    found = np.full((SCOPES, by_fold.shape[1]), _UNCOVERED, np.uint8)
    for scope, inside in enumerate(folds_of_scopes()):
        for fold in np.flatnonzero(inside):
            np.minimum(found[scope], by_fold[fold], out=found[scope])
    return found


def _heads(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the first places of each run of rows, _LOOKED_AT at most."""
    lengths = np.minimum(sizes, _LOOKED_AT)
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
