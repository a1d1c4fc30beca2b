"""The search space: the parameters of each policy, and who reads each of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from scorer_core.errors import RequestError
from scorer_core.scoring.params import ChoiceParam, FloatParam, IntParam, Param, Params, ParamValue
from scorer_core.scoring.policies import MaskPolicy, rules_of


class Role(str, Enum):
    """Who reads a parameter: the objective, or only the steps after us."""

    OBJECTIVE = "objective"
    LATER_STEPS = "later_steps"


_MODULI = (
    IntParam("residue_mod_1", 5, 20, default=12),
    IntParam("residue_mod_2", 50, 150, default=100),
    IntParam("residue_mod_3", 500, 1500, default=1000),
)
MODULI = tuple(param.name for param in _MODULI)

_UNSEEN: tuple[Param, ...] = (
    IntParam("temporal_window_size", 50, 100, default=75),
    IntParam("temporal_num_windows", 3, 10, default=6),
    FloatParam("min_confidence_threshold", 0.05, 0.25, default=0.15),
    ChoiceParam("hidden_layers", ("128_64", "256_128_64", "512_256_128"), default="256_128_64"),
    FloatParam("dropout", 0.1, 0.5, default=0.3),
    FloatParam("learning_rate", 1e-4, 1e-2, default=1e-3, log=True),
    ChoiceParam("batch_size", (32, 64, 128), default=64),
)

UNSEEN_DEFAULTS: Mapping[str, ParamValue] = {param.name: param.default for param in _UNSEEN}
"""What a sweep, which does not choose them, gives the parameters that the objective does not see: mid-range values."""


def objective_space(policy: MaskPolicy) -> tuple[IntParam | FloatParam, ...]:
    """Return the parameters that the objective sees: the moduli, then the policy's reach."""
    return (*_MODULI, rules_of(policy).reach)


def search_space(policy: MaskPolicy) -> tuple[Param, ...]:
    """Return the parameters of a policy, those that the objective sees first."""
    return (*objective_space(policy), *_UNSEEN)


def objective_params(policy: MaskPolicy) -> tuple[str, ...]:
    """Return the names of the parameters that the objective sees."""
    return tuple(param.name for param in objective_space(policy))


def roles(policy: MaskPolicy) -> dict[str, Role]:
    """Return each parameter's role."""
    seen = objective_params(policy)
    return {param.name: Role.OBJECTIVE if param.name in seen else Role.LATER_STEPS for param in search_space(policy)}


def defaults(policy: MaskPolicy) -> dict[str, ParamValue]:
    """Return the documented default of each parameter: what a config that lacks it is read with."""
    return {param.name: param.default for param in search_space(policy)}


def completed(params: Params, policy: MaskPolicy) -> dict[str, ParamValue]:
    """Return all parameters of a config, each that it lacks with its default: what was done before there was one."""
    return {**defaults(policy), **params}


def check_params(params: Params, policy: MaskPolicy) -> None:
    """Check the parameters that the objective sees; others may be absent or anything.

    Raises:
        RequestError: one is missing or out of range.
    """
    for param in objective_space(policy):
        _check(param, params, policy)


def check_all_params(params: Params, policy: MaskPolicy) -> None:
    """Check every parameter, those of later steps too: nothing else may be published.

    Raises:
        RequestError: one is missing, unknown or out of range.
    """
    space = search_space(policy)
    unknown = sorted(set(params) - {param.name for param in space})
    if unknown:
        raise RequestError(f"parameter {unknown[0]!r} is not in the search space of policy {policy.value}.")
    for param in space:
        _check(param, params, policy)


def _check(param: Param, params: Params, policy: MaskPolicy) -> None:
    if param.name not in params:
        raise RequestError(f"parameter {param.name} is missing; policy {policy.value} needs {param.describe()}.")
    if not param.contains(params[param.name]):
        raise RequestError(f"parameter {param.name} is {params[param.name]!r}; it must be {param.describe()}.")
