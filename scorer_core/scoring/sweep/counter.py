"""Exact counts for every config of a grid, fold by fold: rows kept, minority rows kept, minority rows expected.

A row has a level in each dimension: the index of the first reach at which it votes. At reach k it is
kept when two of its three levels are at most k, so with V_d the rows that vote in dimension d

    kept = |V₁∧V₂| + |V₁∧V₃| + |V₂∧V₃| − 2·|V₁∧V₂∧V₃|.

The pair V₁∧V₂ is the same for every `residue_mod_3`. The rest needs the rows of V₃ alone, and is one matrix product
over them: with x = −1 for a vote in the first dimension and 1 for none, and y for the second,

    |V₁∧V₃| + |V₂∧V₃| − 2·|V₁∧V₂∧V₃| = (|V₃| − Σ x·y) / 2   over the rows of V₃.

With the policy `max_offset` V₃ has 0.1 to 3 % of the rows, 132 rows a reach and row of the pool over all
`residue_mod_3`: a sweep takes 132 · 2 · 32 · 104 floating point operations a row, and reads 64 bytes a voter. One
product counts rows + 2¹²·labels, which a float32 holds exactly over 1023 rows, another the shares.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.folds import FOLDS
from scorer_core.scoring.sweep.grid import Grid
from scorer_core.scoring.sweep.layout import Bytes
from scorer_core.scoring.sweep.rows import Bulk, Places, Sums, SweepRows
from scorer_core.scoring.sweep.voters import Voters, everyone

Float32 = NDArray[np.float32]

_LABEL = 2.0**12
_EXACT_FLOAT32 = 2**24


@dataclass(frozen=True)
class Chosen:
    """Which lines and reaches of a layout a grid has: their indices. `shape` is (mods_1, mods_2)."""

    lines_1: tuple[int, ...]
    lines_2: tuple[int, ...]
    reaches: tuple[int, ...]

    @classmethod
    def of(cls, rows: SweepRows, grid: Grid) -> Chosen:
        """Find a grid's values among those of the whole grid.

        Raises:
            ValueError: the whole grid does not have one of them.
        """
        layout = rows.layout
        one, two = layout.grid.moduli(1), layout.grid.moduli(2)
        return cls(
            tuple(one.index(modulus) for modulus in grid.moduli(1)),
            tuple(layout.lines_1 + two.index(modulus) for modulus in grid.moduli(2)),
            tuple(layout.grid.reaches.index(reach) for reach in grid.reaches),
        )


def bulk_type(rows: int) -> type[np.floating]:
    """Return the quickest type that holds any number of so many rows exactly."""
    return np.float32 if rows < _EXACT_FLOAT32 else np.float64


class GridCounter:
    """Counts a grid's configs on some rows, one value of `residue_mod_3` and some reaches at a time."""

    def __init__(self, rows: SweepRows, grid: Grid) -> None:
        self.rows = rows
        self.chosen = Chosen.of(rows, grid)
        self.dtype = bulk_type(len(rows))
        layout = rows.layout
        whole = layout.grid.moduli(2) == grid.moduli(2)
        self._lines_2 = slice(layout.lines_1, layout.lines) if whole else list(self.chosen.lines_2)

    def pairs(self) -> Sums:
        """Return the sums over V₁∧V₂: shapes end in (mods_1, mods_2)."""
        known = self.rows.pairs
        if known is not None:
            one, two = np.array(self.chosen.lines_1), np.array(self.chosen.lines_2) - self.rows.layout.lines_1
            reaches = np.array(self.chosen.reaches)
            counts = known.counts[reaches][..., one, :][..., two]
            return Sums(counts, known.shares[reaches][..., one, :][..., two])
        return self._sums(everyone(self.rows), self.chosen.reaches, signed=False)

    def third(self, voters: Voters, reaches: tuple[int, ...]) -> Sums:
        """Return the sums over the rows kept by two votes of which one is in V₃, those of V₁∧V₂∧V₃ less: as `pairs`."""
        return self._sums(voters, reaches, signed=True)

    def third_rows(self, voters: Voters, reaches: tuple[int, ...]) -> Bulk:
        """Return of what `third` counts the rows alone, in half the time: shape (reaches, FOLDS, mods_1, mods_2)."""
        counts = np.zeros((len(reaches), FOLDS, len(self.chosen.lines_1), len(self.chosen.lines_2)), self.dtype)
        for at, wave, inside in self._voting(voters, reaches):
            stop, votes = inside.shape[1], inside.astype(np.float32)
            left = _signs(wave.levels_1[..., :stop], reaches[at]) * votes[:, None]
            found = left @ _signs(wave.levels_2[:, :stop], reaches[at])
            counts[at] += (votes.sum(axis=1)[:, None, None] - found[..., : counts.shape[-1]]) * np.float32(0.5)
        return counts

    def _sums(self, voters: Voters, reaches: tuple[int, ...], *, signed: bool) -> Sums:
        shape = FOLDS, len(self.chosen.lines_1), len(self.chosen.lines_2)
        sums = Sums(np.zeros((len(reaches), 2, *shape), self.dtype), np.zeros((len(reaches), *shape)))
        lines, others = shape[1:]
        for at, wave, inside in self._voting(voters, reaches):
            stop, reach = inside.shape[1], reaches[at]
            weights = wave.weights[..., :stop] * inside[:, None]
            votes = _signs if signed else _votes
            left = votes(wave.levels_1[..., :stop], reach)[:, None] * weights[:, :, None]
            found = left.reshape(FOLDS, -1, stop) @ votes(wave.levels_2[:, :stop], reach)
            both, shares = found[:, :lines, :others], found[:, lines:, :others]
            labels = np.rint(both * np.float32(1 / _LABEL)) if signed else np.floor(both * np.float32(1 / _LABEL))
            rows = both - labels * np.float32(_LABEL)
            if signed:
                totals = weights.sum(axis=2)[:, :, None, None]
                minority = np.floor(totals[:, 0] * np.float32(1 / _LABEL))
                rows = (totals[:, 0] - minority * np.float32(_LABEL) - rows) * np.float32(0.5)
                labels = (minority - labels) * np.float32(0.5)
                shares = (totals[:, 1] - shares) * np.float32(0.5)
            sums.counts[at, 0] += rows
            sums.counts[at, 1] += labels
            sums.shares[at] += shares
        return sums

    def _voting(self, voters: Voters, reaches: tuple[int, ...]) -> Iterator[tuple[int, _Wave, NDArray[np.bool_]]]:
        """Yield, of each wave, the place of each reach at which rows of it vote, and which do: in each fold the first.

        That has shape (FOLDS, stop): from `stop` on none votes.
        """
        for places, levels in voters.waves(self.rows.layout.never):
            wave = _Wave.of(self, places, levels)
            for at, reach in enumerate(reaches):
                inside = wave.levels_3 <= reach
                stop = int(np.count_nonzero(inside, axis=1).max())
                if stop:
                    yield at, wave, inside[:, :stop]


@dataclass(frozen=True)
class _Wave:
    """Up to WAVE_ROWS rows of each fold: levels by dimension, and what each row counts for in the two products.

    Shapes: (FOLDS, lines_1, rows), (FOLDS, rows, lines_2), (FOLDS, rows), and weights (FOLDS, 2, rows).
    """

    levels_1: Bytes
    levels_2: Bytes
    levels_3: Bytes
    weights: Float32

    @classmethod
    def of(cls, counter: GridCounter, places: Places, levels_3: Bytes) -> _Wave:
        layout, chosen = counter.rows.layout, counter.chosen
        packed = counter.rows.at(places)
        levels = layout.unpack(packed)
        weights = np.empty((FOLDS, 2, places.shape[1]), np.float32)
        weights[:, 0] = 1.0 + np.float32(_LABEL) * layout.labels(packed)
        weights[:, 1] = layout.shares(packed)
        return cls(
            np.ascontiguousarray(levels[..., list(chosen.lines_1)].transpose(0, 2, 1)),
            np.ascontiguousarray(levels[..., counter._lines_2]),
            levels_3,
            weights,
        )


def _votes(levels: Bytes, reach: int) -> Float32:
    """Return 1 for a vote, else 0."""
    return (levels <= reach).astype(np.float32)


def _signs(levels: Bytes, reach: int) -> Float32:
    """Return −1 for a vote, else 1."""
    signs = (levels > reach).view(np.int8)
    signs += signs
    signs -= 1
    return signs.astype(np.float32)
