"""How the space is cut: 143 shards of seven consecutive values of `residue_mod_3`, each one ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scorer_core.errors import RequestError
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.scoring.trial import MAX_TRIAL_NUMBER

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
        expected = {"trial_number", "params", "sample_size", "mask_policy"}
        if not isinstance(record, dict) or set(record) != expected or record["sample_size"] is not None:
            raise RequestError(f"a shard request is a JSON object of {sorted(expected)}, with sample_size null.")
        number, params = record["trial_number"], record["params"]
        if not _is_int(number) or not 0 <= number <= MAX_TRIAL_NUMBER:
            raise RequestError(f"trial_number is {number!r}; it must be an integer from 0 to {MAX_TRIAL_NUMBER}.")
        if not isinstance(params, dict) or set(params) != {LOW, HIGH} or not all(map(_is_int, params.values())):
            raise RequestError(f"params of a shard are two integers, {LOW} and {HIGH}.")
        try:
            policy = MaskPolicy(record["mask_policy"])
        except ValueError:
            raise RequestError(f"mask_policy {record['mask_policy']!r} is not known.") from None
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


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
