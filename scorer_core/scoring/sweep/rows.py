"""The rows of a pool in the order that a sweep reads them, and what is known of its folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.folds import FOLDS, fold_of
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.sweep.layout import SHARE_ONE, Bytes, Layout, residues

BLOCK_ROWS = 2**16
Places = NDArray[np.intp]
Float64 = NDArray[np.float64]
Bulk = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True)
class Columns:
    """A pool's rows ordered by fold, then by Step 1 trial: each column of shape (n,), but the last two.

    `seeds` are uint32 where all of them fit, else uint64; `codes` number the trials from 0; `minority` is 0 or 1;
    `place` says where the pool's own row i is now; `fold_starts`, shape (FOLDS + 1,), where each fold begins;
    `shares`, one a trial, are minority shares in 1 / SHARE_ONE.
    """

    seeds: NDArray[np.unsignedinteger]
    codes: NDArray[np.uint32]
    minority: Bytes
    place: NDArray[np.uint32]
    fold_starts: NDArray[np.int64]
    shares: NDArray[np.uint16]

    @classmethod
    def of(cls, pool: Pool) -> Columns:
        """Order a pool's rows."""
        numbers, codes = np.unique(pool.trial_number, return_inverse=True)
        narrow = int(pool.seeds.max()) < 2**32
        seeds = pool.seeds.astype(np.uint32) if narrow else pool.seeds
        return cls._ordered(seeds, codes.astype(np.uint32), pool.minority.astype(np.uint8), len(numbers))

    def some(self, chosen: Places) -> Columns:
        """Return the rows that `chosen`, the pool's own numbers of them, names: a pool of its own."""
        places = self.place[chosen]
        numbers, codes = np.unique(self.codes[places], return_inverse=True)
        return self._ordered(self.seeds[places], codes.astype(np.uint32), self.minority[places], len(numbers))

    @classmethod
    def _ordered(
        cls, seeds: NDArray[np.unsignedinteger], codes: NDArray[np.uint32], minority: Bytes, trials: int
    ) -> Columns:
        folds = fold_of(seeds)
        order = np.argsort(folds.astype(np.uint64) * np.uint64(trials) + codes, kind="stable")
        place = np.empty(len(seeds), np.uint32)
        place[order] = np.arange(len(seeds), dtype=np.uint32)
        return cls(
            seeds=seeds[order],
            codes=codes[order],
            minority=minority[order],
            place=place,
            fold_starts=np.concatenate(([0], np.cumsum(np.bincount(folds, minlength=FOLDS)))).astype(np.int64),
            shares=_shares(codes, minority, trials),
        )

    def as_one_trial(self) -> Columns:
        """Return the same rows, in the same order, as if one Step 1 trial had found them all."""
        codes = np.zeros(len(self), np.uint32)
        return replace(self, codes=codes, shares=_shares(codes, self.minority, 1))

    def __len__(self) -> int:
        return len(self.seeds)

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """Return where each run of rows of one fold and one trial begins, ascending."""
        new = np.ones(len(self), np.bool_)
        new[1:] = self.codes[1:] != self.codes[:-1]
        new[self.fold_starts[:-1][self.fold_starts[:-1] < len(self)]] = True
        return np.flatnonzero(new)

    def fold_at(self, places: NDArray[np.integer]) -> NDArray[np.intp]:
        """Return the fold of rows, given their places."""
        return np.searchsorted(self.fold_starts, places, side="right") - 1


def _shares(codes: NDArray[np.uint32], minority: Bytes, trials: int) -> NDArray[np.uint16]:
    """Return the minority share of each trial in 1 / SHARE_ONE, to the nearest, and 1 at least where there is any."""
    of_trial = np.bincount(codes, minlength=trials)
    few = np.bincount(codes, weights=minority, minlength=trials).astype(np.int64)
    shares = (2 * few * SHARE_ONE + of_trial) // (2 * of_trial)
    return np.where(few > 0, np.maximum(shares, 1), 0).astype(np.uint16)


@dataclass(frozen=True)
class Sums:
    """Sums over rows, by reach and fold: `counts` of rows and labels, shape (reaches, 2, FOLDS, …), and `shares`.

    `shares`, shape (reaches, FOLDS, …), are in 1 / SHARE_ONE. All are exact.
    """

    counts: Bulk
    shares: Float64


@dataclass(frozen=True)
class SweepRows:
    """Columns and, if they are held or mapped, the packed levels: shape (n, width). Without, levels are made anew.

    `pairs` are the sums over V₁∧V₂ for the whole grid, if somebody has made them.
    """

    layout: Layout
    columns: Columns
    packed: Bytes | None
    pairs: Sums | None = None

    @classmethod
    def of(cls, columns: Columns, policy: MaskPolicy, held_bytes: int) -> SweepRows:
        """Return the rows with levels if they take at most `held_bytes` bytes, else without."""
        layout = Layout(policy)
        rows = cls(layout, columns, None)
        if layout.width * len(columns) > held_bytes:
            return rows
        packed = np.empty((len(columns), layout.width), np.uint8)
        for start, block in rows.blocks():
            packed[start : start + len(block)] = block
        return cls(layout, columns, packed)

    def __len__(self) -> int:
        return len(self.columns)

    def blocks(self) -> Iterator[tuple[int, Bytes]]:
        """Yield all packed rows, some at a time, each block with its first place."""
        for start in range(0, len(self), BLOCK_ROWS):
            yield start, self.at(np.arange(start, min(start + BLOCK_ROWS, len(self))))

    def at(self, places: Places) -> Bytes:
        """Return the packed rows at some places of any shape: shape (…, width)."""
        if self.packed is not None:
            return np.take(self.packed, places, axis=0)
        columns, flat = self.columns, places.ravel()
        rows = self.layout.pack(columns.seeds[flat], columns.minority[flat], columns.shares[columns.codes[flat]])
        return rows.reshape(*places.shape, self.layout.width)

    def levels(self, line: int, places: Places | None) -> Bytes:
        """Return the levels in one line, at some places or all: shape (n,)."""
        if self.packed is not None:
            return self.layout.line(self.packed if places is None else np.take(self.packed, places, axis=0), line)
        seeds = self.columns.seeds if places is None else self.columns.seeds[places]
        table = self.layout.tables[line]
        return table[residues(seeds, len(table))]
