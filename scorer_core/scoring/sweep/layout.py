"""How one row is laid out, in one cache line or two: its levels in the first two dimensions, its label, its share.

A row's level in a modulus is the index of the first reach at which it votes there. Levels fit into four bits where
a policy has at most fifteen reaches, else into a byte; the largest value means that the row never votes. Behind the
moduli stand lines that never vote: they make the side of a product a multiple of what the hardware likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.sweep.grid import Grid, full_grid

Bytes = NDArray[np.uint8]

SHARE_BITS = 14
SHARE_ONE = 1 << SHARE_BITS
"""A Step 1 trial's minority share is counted in 2⁻¹⁴, so that sums of it are exact."""
_NIBBLE = 16
_LINE_BYTES = 64
_LABEL_AND_SHARE = 3
_SIDE = 8


@dataclass(frozen=True)
class Layout:
    """The lines of a row, for a policy: the moduli of `residue_mod_1`, of `residue_mod_2`, and what never votes."""

    policy: MaskPolicy

    @cached_property
    def grid(self) -> Grid:
        """Return the whole grid, whose values the lines stand for."""
        return full_grid(self.policy)

    @cached_property
    def reaches(self) -> int:
        """Return the number of reaches, which is the number of levels at which a row votes."""
        return len(self.grid.reaches)

    @cached_property
    def lines_1(self) -> int:
        """Return the number of lines of the first dimension."""
        return len(self.grid.moduli(1))

    @cached_property
    def lines(self) -> int:
        """Return the number of all lines."""
        return self.lines_1 + _rounded(len(self.grid.moduli(2)), _SIDE)

    @cached_property
    def packed(self) -> bool:
        """Say whether two levels stand in one byte."""
        return self.reaches < _NIBBLE

    @cached_property
    def never(self) -> int:
        """Return the level of what never votes."""
        return _NIBBLE - 1 if self.packed else 255

    @cached_property
    def level_bytes(self) -> int:
        """Return the bytes that the levels of a row take."""
        return -(-self.lines // 2) if self.packed else self.lines

    @cached_property
    def width(self) -> int:
        """Return the bytes of a row: whole cache lines."""
        return _rounded(self.level_bytes + _LABEL_AND_SHARE, _LINE_BYTES)

    @cached_property
    def tables(self) -> tuple[Bytes, ...]:
        """Return, for each line, the level of each residue; a line without a modulus has one level for all."""
        known = [self.levels(modulus) for modulus in (*self.grid.moduli(1), *self.grid.moduli(2))]
        return (*known, *[np.full(1, self.never, np.uint8)] * (self.lines - len(known)))

    def levels(self, modulus: int) -> Bytes:
        """Return the level of each residue of a modulus."""
        levels = self.grid.levels(modulus)
        levels[levels >= self.reaches] = self.never
        return levels

    def pack(self, seeds: NDArray[np.unsignedinteger], minority: Bytes, shares: NDArray[np.uint16]) -> Bytes:
        """Return rows, shape (n, width), of seeds, labels 0 or 1, and shares in 1 / SHARE_ONE, of shape (n,) each."""
        lines = np.empty((2 * self.level_bytes if self.packed else self.lines, len(seeds)), np.uint8)
        for line, table in enumerate(self.tables):
            lines[line] = table[residues(seeds, len(table))]
        rows = np.zeros((len(seeds), self.width), np.uint8)
        half = self.level_bytes
        rows[:, :half] = (lines[:half] | lines[half:] << 4).T if self.packed else lines.T
        rows[:, half : half + 2] = shares.astype("<u2").view(np.uint8).reshape(-1, 2)
        rows[:, half + 2] = minority
        return rows

    def unpack(self, rows: Bytes) -> Bytes:
        """Return the levels of rows, shape (…, width): shape (…, lines)."""
        half = self.level_bytes
        if not self.packed:
            return rows[..., :half]
        levels = np.empty((*rows.shape[:-1], 2 * half), np.uint8)
        np.bitwise_and(rows[..., :half], _NIBBLE - 1, out=levels[..., :half])
        np.right_shift(rows[..., :half], 4, out=levels[..., half:])
        return levels[..., : self.lines]

    def line(self, rows: Bytes, line: int) -> Bytes:
        """Return the levels of rows in one line: shape (n,)."""
        half = self.level_bytes
        if not self.packed:
            return rows[:, line]
        levels = rows[:, line] & np.uint8(_NIBBLE - 1) if line < half else rows[:, line - half] >> np.uint8(4)
        return np.asarray(levels, np.uint8)

    def shares(self, rows: Bytes) -> NDArray[np.uint16]:
        """Return the shares of rows, shape (…, width), in 1 / SHARE_ONE: shape (…)."""
        half = self.level_bytes
        low, high = rows[..., half].astype(np.uint16), rows[..., half + 1].astype(np.uint16)
        return np.asarray(low | high << np.uint16(8), np.uint16)

    def labels(self, rows: Bytes) -> Bytes:
        """Return the labels of rows, shape (…, width), 1 for the minority: shape (…)."""
        return rows[..., self.level_bytes + 2]


def residues(seeds: NDArray[np.unsignedinteger], modulus: int) -> NDArray[np.intp]:
    """Return the residues of seeds, shape (n,): by a quotient, which numpy computes many at a time."""
    divisor = seeds.dtype.type(modulus)
    return np.asarray(seeds - seeds // divisor * divisor, dtype=np.intp)


def _rounded(number: int, step: int) -> int:
    return -(-number // step) * step
