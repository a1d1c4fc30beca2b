"""The rows that vote in the third dimension: few with most policies, found anew for each modulus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.folds import FOLDS
from scorer_core.scoring.policies import rules_of
from scorer_core.scoring.sweep.layout import Bytes
from scorer_core.scoring.sweep.rows import BLOCK_ROWS, Places, SweepRows

WAVE_ROWS = 1023
"""Rows of a fold in one product: with them the sums of labels and of shares stay exact in a float32."""


@dataclass(frozen=True)
class Voters:
    """Some rows, by fold and in each by level in the third dimension: places and levels have shape (n,).

    `starts`, shape (FOLDS + 1,), says where each fold begins.
    """

    places: Places
    levels: Bytes
    starts: NDArray[np.int64]

    def waves(self, never: int) -> Iterator[tuple[Places, Bytes]]:
        """Yield places and levels, shape (FOLDS, up to WAVE_ROWS) each: the next rows of every fold.

        Where a fold has no more rows, the level is `never`.
        """
        longest = int(np.diff(self.starts).max())
        for first in range(0, longest, WAVE_ROWS):
            chosen = self.starts[:-1, None] + np.arange(first, min(first + WAVE_ROWS, longest))
            there = chosen < self.starts[1:, None]
            chosen = np.where(there, chosen, 0)
            yield self.places[chosen], np.where(there, self.levels[chosen], np.uint8(never))


def everyone(rows: SweepRows) -> Voters:
    """Return all rows, as if each voted at every reach."""
    return Voters(np.arange(len(rows)), np.zeros(len(rows), np.uint8), rows.columns.fold_starts)


def voters_of(rows: SweepRows, modulus: int, reach: int) -> Voters:
    """Return the rows that vote at a reach, given its place among the policy's reaches."""
    layout = rows.layout
    voting = rules_of(layout.policy).votes(modulus, layout.grid.reaches[reach])
    table = layout.levels(modulus)
    places, levels = [], []
    seeds = rows.columns.seeds
    kind = seeds.dtype.type
    divisor, low, high = kind(modulus), kind(voting.start), kind(voting.stop)
    for start in range(0, len(seeds), BLOCK_ROWS):
        block = seeds[start : start + BLOCK_ROWS]
        residues = block - block // divisor * divisor
        votes = residues < high
        if voting.start:
            votes &= residues >= low
        found = np.flatnonzero(votes)
        places.append(found + start)
        levels.append(table[residues[found].astype(np.intp)])
    where, level = np.concatenate(places), np.concatenate(levels)
    fold = rows.columns.fold_at(where)
    order = np.argsort((fold * (layout.never + 1) + level).astype(np.uint16), kind="stable")
    starts = np.searchsorted(fold, np.arange(FOLDS + 1)).astype(np.int64)
    return Voters(where[order], level[order], starts)
