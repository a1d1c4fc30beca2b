"""The grid that a sweep walks: every value of the parameters that the objective sees."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorer_core.scoring.masks import votes_of
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy, rules_of
from scorer_core.scoring.space import MODULI, objective_params, objective_space

Axis = tuple[int | float, ...]


@dataclass(frozen=True)
class Grid:
    """All combinations of ascending values, an axis for each parameter that the objective sees, in their order."""

    policy: MaskPolicy
    axes: tuple[Axis, ...]

    def axis(self, name: str) -> Axis:
        """Return the values of a parameter."""
        return self.axes[objective_params(self.policy).index(name)]

    def moduli(self, dimension: int) -> tuple[int, ...]:
        """Return the values of `residue_mod_1`, `_2` or `_3`."""
        return tuple(int(value) for value in self.axis(MODULI[dimension - 1]))

    @property
    def reaches(self) -> Axis:
        """Return the values of the policy's reach."""
        return self.axis(self.policy.value)

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the length of each axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def size(self) -> int:
        """Return the number of configs."""
        return math.prod(self.shape)

    @property
    def votes_of_third(self) -> float:
        """Return how many votes a row has on average over all values of `residue_mod_3` and of the reach.

        That is what counting a row costs: 132 with the whole grid of `max_offset`, 40,583 with that of `keep_fraction`.
        """
        votes = rules_of(self.policy).votes
        return sum(len(votes(modulus, reach)) / modulus for modulus in self.moduli(3) for reach in self.reaches)

    def values_at(self, place: int) -> tuple[ParamValue, ...]:
        """Return the values of a config, given its place in an array of this grid's shape, flattened."""
        return tuple(axis[index] for axis, index in zip(self.axes, np.unravel_index(place, self.shape), strict=True))

    def with_axis(self, name: str, values: Axis) -> Grid:
        """Return the grid with other values of one parameter."""
        place = objective_params(self.policy).index(name)
        return replace(self, axes=(*self.axes[:place], values, *self.axes[place + 1 :]))

    def with_mods_3(self, low: int, high: int) -> Grid:
        """Return the part of the grid with `residue_mod_3` from `low` to `high`, both included."""
        return self.with_axis(MODULI[2], tuple(mod for mod in self.moduli(3) if low <= mod <= high))

    def levels(self, modulus: int) -> NDArray[np.uint8]:
        """Return, for each residue of a modulus, the index of the first reach at which it votes.

        That is len(reaches) where it never does. A residue that votes at one reach votes at every larger one.
        """
        residues = np.arange(modulus)
        votes = np.array([votes_of(residues, modulus, reach, self.policy) for reach in self.reaches])
        return np.asarray(len(votes) - votes.sum(axis=0), dtype=np.uint8)


def full_grid(policy: MaskPolicy, pinned: Mapping[str, Any] | None = None) -> Grid:
    """Return the whole grid of a policy; a parameter that is `pinned` has that value only."""
    values = pinned or {}
    return Grid(
        policy,
        tuple((values[param.name],) if param.name in values else param.values() for param in objective_space(policy)),
    )
