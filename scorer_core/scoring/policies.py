"""The mask policies, one row each: how far into a modulus a residue still votes.

A policy is a member of `MaskPolicy` and a row of `rules_of`; everything else asks that row: the search space for
the parameter, the mask for the residues that vote, the sweep for the values to walk, the trigger form for the words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from scorer_core.errors import assert_never
from scorer_core.scoring.params import FloatParam, IntParam, ParamValue


class MaskPolicy(str, Enum):
    """How far into a modulus a residue still votes."""

    MAX_OFFSET = "max_offset"
    KEEP_FRACTION = "keep_fraction"


@dataclass(frozen=True)
class PolicyRules:
    """What is particular to one policy.

    `reach` is the parameter that says how far, named as the policy. `votes` gives, for a modulus and a reach, the
    residues that vote: neighbours, and at a larger reach the same ones and perhaps more.
    `span` is the number of reaches that a sweep counts from one selection of rows, None for all; after each span
    it stops where all larger reaches keep too many rows.
    """

    reach: IntParam | FloatParam
    votes: Callable[[int, ParamValue], range]
    words: str
    span: int | None = None


def rules_of(policy: MaskPolicy) -> PolicyRules:
    """Return the row of a policy."""
    if policy is MaskPolicy.MAX_OFFSET:
        return _MAX_OFFSET
    if policy is MaskPolicy.KEEP_FRACTION:
        return _KEEP_FRACTION
    assert_never(policy)


def _below_offset(modulus: int, reach: ParamValue) -> range:
    return range(max(1, min(int(reach), max(modulus - 1, 1))))


def _below_fraction(modulus: int, reach: ParamValue) -> range:
    return range(math.ceil(modulus * float(reach)))  # r < x exactly when r < ⌈x⌉, for an integer r


_MAX_OFFSET = PolicyRules(
    reach=IntParam("max_offset", 1, 15, default=8),
    votes=_below_offset,
    words="residues below a fixed offset vote, in each modulus the same",
)
_KEEP_FRACTION = PolicyRules(
    reach=FloatParam("keep_fraction", 0.1, 0.9, default=0.5, step=0.01),
    votes=_below_fraction,
    words="residues below a fraction of their modulus vote",
    span=5,
)
