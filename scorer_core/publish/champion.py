"""The published config as the gate's champion: read with defaults, and said so, where it lacks something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorer_core.errors import PublishError
from scorer_core.gate.case import Champion
from scorer_core.pool.survivors import Pool
from scorer_core.publish.config import CONFIG_SCHEMA
from scorer_core.publish.publisher import RUN_CONTEXT
from scorer_core.run.files import from_json_bytes
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.params import IntParam, Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed, objective_params, objective_space, search_space

_OLD = MaskPolicy.MAX_OFFSET
"""The mask policy of a config that names none: the only one that the old system had."""


def champion_of(config: Mapping[str, Any], fingerprint: str, pool: Pool, known: NDArray[np.uint64] | None) -> Champion:
    """Return the published config as the gate's champion on a pool; its notes say what was assumed.

    `known` are the seeds that it was published from; where they are not kept, no row of the pool is new to it.

    Raises:
        PublishError: the file is of a newer version, or what it says gives no mask.
    """
    try:
        policy, notes = _context(config)
        space = search_space(policy)
        own = {param.name: config[param.name] for param in space if param.name in config}
        params = completed(own, policy)
        _refuse_what_gives_no_mask(params, policy)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise PublishError(
            f"the published config cannot be compared with ({error}). Run `scorer rollback`, or move the file away."
        ) from error
    missing = [f"{name} ({params[name]} is assumed)" for name in params if name not in config]
    if missing:
        notes.append(f"The published config lacks {', '.join(missing)}.")
    outside = [f"{param.name} {params[param.name]}" for param in space if not param.contains(params[param.name])]
    if outside:
        notes.append(f"The published config has {', '.join(outside)}, now out of range; it is compared as it is.")
    if known is None:
        notes.append("Which rows the published config was published from is not known, so none counts as new to it.")
    fresh = np.zeros(len(pool), np.bool_) if known is None else ~np.isin(pool.seeds, known)
    return Champion(params, policy, fingerprint, fresh, tuple(notes))


def refuse_what_no_run_reads(content: bytes) -> None:
    """Refuse a config that no later run could be compared with.

    Raises:
        PublishError: it is no JSON object, lacks a parameter that the objective sees, or gives no mask.
    """
    try:
        config = from_json_bytes(content)
        if not isinstance(config, dict):
            raise TypeError("it is no JSON object")
        policy, _ = _context(config)
        missing = [name for name in objective_params(policy) if name not in config]
        if missing:
            raise ValueError(f"it has no {', '.join(missing)}")
        _refuse_what_gives_no_mask(completed({name: config[name] for name in objective_params(policy)}, policy), policy)
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise PublishError(f"this is no config that can be published ({error}).") from None


def _refuse_what_gives_no_mask(params: Params, policy: MaskPolicy) -> None:
    """Compute the mask of one seed; raises TypeError, ValueError or ArithmeticError where that cannot be done."""
    for param in objective_space(policy):
        numbers = (int,) if isinstance(param, IntParam) else (int, float)
        if type(params[param.name]) not in numbers:
            raise TypeError(f"its {param.name} is {params[param.name]!r}; it must be {param.describe()}")
    try:
        with np.errstate(all="raise"):
            residue_mask(np.zeros(1, np.uint64), params, policy)
    except (ArithmeticError, ValueError) as error:
        objective = ", ".join(f"{name} {params[name]}" for name in objective_params(policy))
        raise ValueError(f"no mask can be computed from {objective}: {error}") from None


def _context(config: Mapping[str, Any]) -> tuple[MaskPolicy, list[str]]:
    """Return the mask policy that a config was published with, and what had to be assumed."""
    if RUN_CONTEXT not in config:
        told = f"The published config has no {RUN_CONTEXT}: it is read as the old system's, with policy {_OLD.value}."
        return _OLD, [told]
    context = config[RUN_CONTEXT]
    if not isinstance(context, Mapping):
        raise TypeError(f"its {RUN_CONTEXT} is no JSON object")
    if context.get("schema_version", CONFIG_SCHEMA) != CONFIG_SCHEMA:
        raise ValueError(f"its schema version is {context['schema_version']!r}, this version reads {CONFIG_SCHEMA}")
    notes = []
    if "mask_policy" not in context:
        notes.append(f"The published config names no mask policy; {_OLD.value} is assumed.")
    return MaskPolicy(context.get("mask_policy", _OLD.value)), notes
