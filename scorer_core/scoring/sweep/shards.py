"""How the space is cut: shards of seven consecutive values of `residue_mod_3`, each one ticket; 143 of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scorer_core.errors import RequestError
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.requests import checked_fields, checked_number, checked_policy, checked_size, is_int
from scorer_core.scoring.space import objective_space
from scorer_core.scoring.sweep.grid import Grid, full_grid

SHARD_WIDTH = 7
LOW, HIGH = "residue_mod_3_low", "residue_mod_3_high"
SAMPLE_NUMBER = 0
"""The trial number whose rows a sweep with a sample size scores, in every shard the same."""


def shard_count(policy: MaskPolicy, pinned: Params | None = None) -> int:
    """Return the number of shards that the space of a policy is cut into, given what is pinned in it."""
    return -(-len(_walked(policy, pinned)) // SHARD_WIDTH)


def shard_params(policy: MaskPolicy, number: int, pinned: Params | None = None) -> dict[str, Any]:
    """Return the params of shard `number`, counted from 0: its range, both ends included, and what is pinned."""
    count = shard_count(policy, pinned)
    if not 0 <= number < count:
        raise RequestError(f"shard {number} does not exist; there are {count}, counted from 0.")
    part = _walked(policy, pinned)[SHARD_WIDTH * number : SHARD_WIDTH * (number + 1)]
    return {LOW: part[0], HIGH: part[-1], **(pinned or {})}


@dataclass(frozen=True)
class ShardRequest:
    """What to sweep: every config of a policy with `residue_mod_3` in a range, but for what is pinned.

    It is swept on the rows that `sample_size` prescribes for trial SAMPLE_NUMBER; None means all rows.
    """

    trial_number: int
    params: Mapping[str, Any]
    mask_policy: MaskPolicy
    sample_size: int | None = None

    @property
    def grid(self) -> Grid:
        """Return the configs to sweep."""
        pinned = {name: value for name, value in self.params.items() if name not in (LOW, HIGH)}
        return full_grid(self.mask_policy, pinned).with_mods_3(self.params[LOW], self.params[HIGH])

    @classmethod
    def from_json(cls, record: object) -> ShardRequest:
        """Check a decoded JSON object and build the request.

        Raises:
            RequestError: a key is missing or unknown, or a value has the wrong type or range.
        """
        fields = checked_fields(record, "shard")
        number, params, size = (
            checked_number(fields["trial_number"]),
            fields["params"],
            checked_size(fields["sample_size"]),
        )
        policy = checked_policy(fields["mask_policy"])
        if not isinstance(params, dict) or not is_int(params.get(LOW)) or not is_int(params.get(HIGH)):
            raise RequestError(f"params of a shard are two integers, {LOW} and {HIGH}, and what is pinned.")
        pinned = {name: value for name, value in params.items() if name not in (LOW, HIGH)}
        space = {param.name: param for param in objective_space(policy)}
        for name, value in pinned.items():
            if name not in space or not space[name].contains(value):
                raise RequestError(f"a shard cannot pin {name} to {value!r} with policy {policy.value}.")
        lowest, highest = min(_walked(policy, pinned)), max(_walked(policy, pinned))
        if not lowest <= params[LOW] <= params[HIGH] <= highest:
            raise RequestError(f"a shard lies in {lowest} to {highest}; this one is {params[LOW]} to {params[HIGH]}.")
        return cls(number, params, policy, size)

    def to_json(self) -> dict[str, Any]:
        """Return the request as a JSON object; `from_json` reads it back."""
        return {
            "trial_number": self.trial_number,
            "params": dict(self.params),
            "sample_size": self.sample_size,
            "mask_policy": self.mask_policy.value,
        }


def _walked(policy: MaskPolicy, pinned: Params | None) -> tuple[int, ...]:
    """Return the values of `residue_mod_3`, along which the space is cut."""
    return full_grid(policy, pinned).moduli(3)
