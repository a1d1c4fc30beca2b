"""Residues of a pool's seeds, computed once for each modulus and held within a bound of memory."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray


class ResidueCache:
    """Holds the residues that were asked for last, in at most `max_bytes` bytes; moduli are below 2¹⁶."""

    def __init__(self, seeds: NDArray[np.unsignedinteger], max_bytes: int) -> None:
        self._seeds = seeds
        self._most = max_bytes // max(2 * len(seeds), 1)
        self._held: OrderedDict[int, NDArray[np.uint16]] = OrderedDict()

    def of(self, modulus: int) -> NDArray[np.uint16]:
        """Return the residues of all seeds, shape (n,); the array is the cache's own and read-only."""
        known = self._held.get(modulus)
        if known is not None:
            self._held.move_to_end(modulus)
            return known
        divisor = self._seeds.dtype.type(modulus)
        quotients = self._seeds // divisor  # which numpy makes many at a time
        residues: NDArray[np.uint16] = (self._seeds - quotients * divisor).astype(np.uint16)
        residues.flags.writeable = False
        if self._most:
            self._held[modulus] = residues
            if len(self._held) > self._most:
                self._held.popitem(last=False)
        return residues

    @property
    def nbytes(self) -> int:
        """Return the bytes that are held now."""
        return sum(residues.nbytes for residues in self._held.values())
