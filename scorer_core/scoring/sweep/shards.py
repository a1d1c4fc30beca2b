"""How the space is cut: shards of neighbouring values, each one ticket; 143 of the whole, or more for many slots."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scorer_core.errors import RequestError
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.requests import checked_fields, checked_number, checked_policy, checked_size, is_int
from scorer_core.scoring.space import MODULI, objective_params, objective_space
from scorer_core.scoring.sweep.grid import Grid, full_grid

FEWEST_SHARDS = 143
"""What a space is cut into at least, if it has as many values: the whole by seven values of `residue_mod_3`."""
SHARDS_PER_SLOT = 2
"""At least, where that is possible: so that no slot is without work for long when another has its last shard."""
_LOW, _HIGH = "_low", "_high"
LOW, HIGH = f"{MODULI[2]}{_LOW}", f"{MODULI[2]}{_HIGH}"
SAMPLE_NUMBER = 0
"""The trial number whose rows a sweep with a sample size scores, in every shard the same."""


def shard_count(policy: MaskPolicy, pinned: Params | None = None, slots: int = 1) -> int:
    """Return the number of shards for so many slots, given what is pinned in the space of a policy."""
    grid = full_grid(policy, pinned)
    return math.prod(_pieces(grid, max(FEWEST_SHARDS, SHARDS_PER_SLOT * slots)).values())


def shard_params(
    policy: MaskPolicy, number: int, pinned: Params | None = None, count: int | None = None
) -> dict[str, Any]:
    """Return the params of shard `number` of `count`, counted from 0: ranges, both ends included, and what is pinned.

    Raises:
        RequestError: there is no such shard.
    """
    grid = full_grid(policy, pinned)
    pieces = _pieces(grid, count or shard_count(policy, pinned))
    every = math.prod(pieces.values())
    if not 0 <= number < every:
        raise RequestError(f"shard {number} does not exist; there are {every}, counted from 0.")
    places = np.unravel_index(number, tuple(pieces.values()))
    ranges: dict[str, Any] = {}
    for (name, among), place in zip(pieces.items(), places, strict=True):
        if among > 1 or name == MODULI[2]:
            axis = grid.axis(name)
            first, end = (len(axis) * int(at) // among for at in (place, place + 1))
            ranges |= {name + _LOW: axis[first], name + _HIGH: axis[end - 1]}
    return {**ranges, **(pinned or {})}


def _pieces(grid: Grid, wanted: int) -> dict[str, int]:
    """Return into how many pieces each axis is cut, for as many shards as are wanted where the grid has them.

    `residue_mod_3` first: what a shard costs is proportional to its values of that. The last one varies fastest.
    """
    pieces = {}
    for name in (MODULI[2], MODULI[1], MODULI[0], grid.policy.value):
        pieces[name] = min(len(grid.axis(name)), wanted)
        wanted = -(-wanted // pieces[name])
    return pieces


@dataclass(frozen=True)
class ShardRequest:
    """What to sweep: every config of a policy whose values are in the shard's ranges, or pinned.

    It is swept on the rows that `sample_size` prescribes for trial SAMPLE_NUMBER; None means all rows.
    """

    trial_number: int
    params: Mapping[str, Any]
    mask_policy: MaskPolicy
    sample_size: int | None = None

    @property
    def grid(self) -> Grid:
        """Return the configs to sweep."""
        names = objective_params(self.mask_policy)
        grid = full_grid(self.mask_policy, {name: self.params[name] for name in names if name in self.params})
        for name in names:
            if name + _LOW in self.params:
                low, high = self.params[name + _LOW], self.params[name + _HIGH]
                grid = grid.with_axis(name, tuple(value for value in grid.axis(name) if low <= value <= high))
        return grid

    @classmethod
    def from_json(cls, record: object) -> ShardRequest:
        """Check a decoded JSON object and build the request.

        Raises:
            RequestError: a key is missing or unknown, or a value has the wrong type or range.
        """
        fields = checked_fields(record, "shard")
        number, size = checked_number(fields["trial_number"]), checked_size(fields["sample_size"])
        policy = checked_policy(fields["mask_policy"])
        return cls(number, _checked_params(fields["params"], policy), policy, size)

    def to_json(self) -> dict[str, Any]:
        """Return the request as a JSON object; `from_json` reads it back."""
        return {
            "trial_number": self.trial_number,
            "params": dict(self.params),
            "sample_size": self.sample_size,
            "mask_policy": self.mask_policy.value,
        }


def _checked_params(params: object, policy: MaskPolicy) -> dict[str, Any]:
    if not isinstance(params, dict) or not is_int(params.get(LOW)) or not is_int(params.get(HIGH)):
        raise RequestError(f"params of a shard are two integers, {LOW} and {HIGH}, other ranges, and what is pinned.")
    left = dict(params)
    for param in objective_space(policy):
        if param.name in left and not param.contains(left.pop(param.name)):
            raise RequestError(f"a shard cannot pin {param.name} to {params[param.name]!r} with policy {policy.value}.")
        values = full_grid(policy, {param.name: params[param.name]} if param.name in params else None).axis(param.name)
        low, high = left.pop(param.name + _LOW, values[0]), left.pop(param.name + _HIGH, values[-1])
        numbers = all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in (low, high))
        if not numbers or not values[0] <= low <= high <= values[-1]:
            raise RequestError(
                f"a shard's {param.name} lies in {values[0]} to {values[-1]}; this one is {low!r} to {high!r}."
            )
    if left:
        raise RequestError(f"a shard has no {sorted(map(str, left))[0]!r} with policy {policy.value}.")
    return params
