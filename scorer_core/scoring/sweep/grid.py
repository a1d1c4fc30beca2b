"""The grid that a sweep walks: every value of the three moduli, and every reach of a policy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scorer_core.scoring.masks import reach_of
from scorer_core.scoring.space import IntParam, MaskPolicy, search_space

MODULI = ("residue_mod_1", "residue_mod_2", "residue_mod_3")
KEEP_FRACTIONS = tuple(round(0.10 + 0.01 * step, 2) for step in range(81))


@dataclass(frozen=True)
class Grid:
    """The configs of a policy that the objective tells apart: all combinations of these ascending values."""

    policy: MaskPolicy
    mods_1: tuple[int, ...]
    mods_2: tuple[int, ...]
    mods_3: tuple[int, ...]
    reaches: tuple[float, ...]

    @property
    def size(self) -> int:
        """Return the number of configs."""
        return len(self.mods_1) * len(self.mods_2) * len(self.mods_3) * len(self.reaches)

    def with_mods_3(self, low: int, high: int) -> Grid:
        """Return the part of the grid with `residue_mod_3` from `low` to `high`, both included."""
        return replace(self, mods_3=tuple(mod for mod in self.mods_3 if low <= mod <= high))

    def levels(self, modulus: int) -> NDArray[np.uint8]:
        """Return, for each residue of a modulus, the index of the first reach at which it votes.

        That is len(reaches) where it never does. A residue that votes at one reach votes at every larger one.
        """
        limits = [reach_of(modulus, reach, self.policy) for reach in self.reaches]
        residues = np.arange(modulus)
        votes = np.array([residues < limit for limit in limits])
        return np.asarray(len(limits) - votes.sum(axis=0), dtype=np.uint8)


def full_grid(policy: MaskPolicy) -> Grid:
    """Return the whole grid: 24,264,240 configs for `max_offset`, 131,026,896 for `keep_fraction`."""
    ranges = {param.name: param for param in search_space(policy) if isinstance(param, IntParam)}
    mods_1, mods_2, mods_3 = (tuple(range(ranges[name].low, ranges[name].high + 1)) for name in MODULI)
    if policy is MaskPolicy.MAX_OFFSET:
        offsets = ranges["max_offset"]
        return Grid(policy, mods_1, mods_2, mods_3, tuple(range(offsets.low, offsets.high + 1)))
    return Grid(policy, mods_1, mods_2, mods_3, KEEP_FRACTIONS)
