"""How the space is cut: 143 shards of seven consecutive values of `residue_mod_3`, each one ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scorer_core.errors import RequestError
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.requests import checked_fields, checked_number, checked_policy, is_int
from scorer_core.scoring.sweep.grid import full_grid

SHARD_WIDTH = 7
LOW, HIGH = "residue_mod_3_low", "residue_mod_3_high"


def shard_count(policy: MaskPolicy) -> int:
    """Return the number of shards that the space of a policy is cut into."""
    return -(-len(_walked(policy)) // SHARD_WIDTH)


def shard_params(policy: MaskPolicy, number: int) -> dict[str, int]:
    """Return what tells shard `number`, counted from 0, from the others: its range, both ends included."""
    if not 0 <= number < shard_count(policy):
        raise RequestError(f"shard {number} does not exist; there are {shard_count(policy)}, counted from 0.")
    part = _walked(policy)[SHARD_WIDTH * number : SHARD_WIDTH * (number + 1)]
    return {LOW: part[0], HIGH: part[-1]}


@dataclass(frozen=True)
class ShardRequest:
    """What to sweep: every config of a policy with `residue_mod_3` in a range, on all rows."""

    trial_number: int
    params: Mapping[str, int]
    mask_policy: MaskPolicy

    @classmethod
    def from_json(cls, record: object) -> ShardRequest:
        """Check a decoded JSON object and build the request.

        Raises:
            RequestError: a key is missing or unknown, or a value has the wrong type or range.
        """
        fields = checked_fields(record, "shard")
        number, params = checked_number(fields["trial_number"]), fields["params"]
        if fields["sample_size"] is not None:
            raise RequestError(f"sample_size is {fields['sample_size']!r}; a shard is swept on all rows: null.")
        if not isinstance(params, dict) or set(params) != {LOW, HIGH} or not all(map(is_int, params.values())):
            raise RequestError(f"params of a shard are two integers, {LOW} and {HIGH}.")
        policy = checked_policy(fields["mask_policy"])
        lowest, *_, highest = _walked(policy)
        if not lowest <= params[LOW] <= params[HIGH] <= highest:
            raise RequestError(f"a shard lies in {lowest} to {highest}; this one is {params[LOW]} to {params[HIGH]}.")
        return cls(number, params, policy)

    def to_json(self) -> dict[str, Any]:
        """Return the request as a JSON object; `from_json` reads it back."""
        return {
            "trial_number": self.trial_number,
            "params": dict(self.params),
            "sample_size": None,
            "mask_policy": self.mask_policy.value,
        }


def _walked(policy: MaskPolicy) -> tuple[int, ...]:
    """Return the values of `residue_mod_3`, along which the space is cut."""
    return full_grid(policy).moduli(3)
