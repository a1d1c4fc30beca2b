"""Parameters of the candidate that lie at a bound of the search space: a better value may lie beyond."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from scorer_core.scoring.params import ChoiceParam, FloatParam, IntParam, Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import Role, roles, search_space

NEAR = 0.01
"""A float within this share of its range counts as at the bound."""


def at_bounds(params: Params, policy: MaskPolicy, held: Collection[str] = ()) -> list[dict[str, Any]]:
    """Return the parameters at a bound: name, value, which bound, whether the objective sees it.

    Choices have no bounds, and what the run held it did not search.
    """
    found = []
    role = roles(policy)
    for param in search_space(policy):
        if isinstance(param, ChoiceParam) or param.name in held or param.name not in params:
            continue
        side = _side(param, float(params[param.name]))
        if side is not None:
            seen = role[param.name] is Role.OBJECTIVE
            found.append({"name": param.name, "value": params[param.name], "bound": side, "seen": seen})
    return found


def _side(param: IntParam | FloatParam, value: float) -> str | None:
    low, high = float(param.low), float(param.high)
    margin = 0.0
    if isinstance(param, FloatParam):
        if param.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        margin = NEAR * (high - low)
    if value <= low + margin:
        return "low"
    return "high" if value >= high - margin else None
