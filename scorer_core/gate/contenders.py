"""The configs that a search brings before the gate, and the rule by which one of them is picked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scorer_core.scoring.params import ParamValue


@dataclass(frozen=True)
class Contender:
    """A config on some rows: the values that the objective sees, its objective, and ln p_space there."""

    values: tuple[ParamValue, ...]
    objective: float
    log_p_space: float


def pick(contenders: Sequence[Contender], level: float) -> Contender | None:
    """Return the best objective among those with p_space at most `level`; where there is none, the smallest p_space.

    Ties go to the smaller p_space, then to the smaller values. None of nothing.
    """
    real = [one for one in contenders if one.log_p_space <= math.log(level)]
    if real:
        return min(real, key=lambda one: (-one.objective, one.log_p_space, one.values))
    return min(contenders, key=lambda one: (one.log_p_space, -one.objective, one.values), default=None)
