"""The parameters that a run holds instead of searching them, and where each value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import Role, roles, search_space


class Source(StrEnum):
    """Where the value of a parameter comes from."""

    SEARCHED = "searched"
    FIXED = "fixed"
    PUBLISHED = "published"
    DEFAULT = "default"


@dataclass(frozen=True)
class Held:
    """The value of a parameter that is not searched, and where it comes from."""

    value: ParamValue
    source: Source


def hold(
    policy: MaskPolicy, fixed: Mapping[str, ParamValue], published: Mapping[str, Any] | None = None
) -> dict[str, Held]:
    """Return what a run holds: every parameter that is fixed, and every one that the objective cannot see.

    One of these that is not fixed keeps its published value: a random one would change what later steps do, for no
    reason. It takes its default where nothing is published, or what is published is out of range by now.
    """
    known = published or {}
    role = roles(policy)
    held = {}
    for param in search_space(policy):
        if param.name in fixed:
            held[param.name] = Held(fixed[param.name], Source.FIXED)
        elif role[param.name] is Role.LATER_STEPS:
            carried = param.name in known and param.contains(known[param.name])
            held[param.name] = (
                Held(known[param.name], Source.PUBLISHED) if carried else Held(param.default, Source.DEFAULT)
            )
    return held
