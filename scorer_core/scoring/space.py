"""The search space: eleven parameters a policy, and who reads each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from scorer_core.errors import RequestError

ParamValue = int | float | str
Params = Mapping[str, ParamValue]


class MaskPolicy(str, Enum):
    """How far into a modulus a residue still votes."""

    MAX_OFFSET = "max_offset"
    KEEP_FRACTION = "keep_fraction"


class Role(str, Enum):
    """Who reads a parameter: the objective, or only the steps after us."""

    OBJECTIVE = "objective"
    LATER_STEPS = "later_steps"


@dataclass(frozen=True)
class IntParam:
    """An integer from `low` to `high`, both included."""

    name: str
    low: int
    high: int
    role: Role = Role.OBJECTIVE

    def contains(self, value: object) -> bool:
        """Say whether `value` is an integer in range."""
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def describe(self) -> str:
        """Return the range in words."""
        return f"an integer from {self.low} to {self.high}"


@dataclass(frozen=True)
class FloatParam:
    """A float from `low` to `high`, both included; sampled on a log scale when `log`."""

    name: str
    low: float
    high: float
    log: bool = False
    role: Role = Role.LATER_STEPS

    def contains(self, value: object) -> bool:
        """Say whether `value` is a number in range."""
        return isinstance(value, (int, float)) and not isinstance(value, bool) and self.low <= value <= self.high

    def describe(self) -> str:
        """Return the range in words."""
        return f"a number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class ChoiceParam:
    """One of a few values."""

    name: str
    choices: tuple[int, ...] | tuple[str, ...]
    role: Role = Role.LATER_STEPS

    def contains(self, value: object) -> bool:
        """Say whether `value` is one of the choices, of the same type."""
        return any(value == choice and type(value) is type(choice) for choice in self.choices)

    def describe(self) -> str:
        """Return the choices in words."""
        return "one of " + ", ".join(str(choice) for choice in self.choices)


Param = IntParam | FloatParam | ChoiceParam

_MODULI = (
    IntParam("residue_mod_1", 5, 20),
    IntParam("residue_mod_2", 50, 150),
    IntParam("residue_mod_3", 500, 1500),
)
_REACH: Mapping[MaskPolicy, Param] = {
    MaskPolicy.MAX_OFFSET: IntParam("max_offset", 1, 15),
    MaskPolicy.KEEP_FRACTION: FloatParam("keep_fraction", 0.1, 0.9, role=Role.OBJECTIVE),
}
_UNSEEN: tuple[Param, ...] = (
    IntParam("temporal_window_size", 50, 100, role=Role.LATER_STEPS),
    IntParam("temporal_num_windows", 3, 10, role=Role.LATER_STEPS),
    FloatParam("min_confidence_threshold", 0.05, 0.25),
    ChoiceParam("hidden_layers", ("128_64", "256_128_64", "512_256_128")),
    FloatParam("dropout", 0.1, 0.5),
    FloatParam("learning_rate", 1e-4, 1e-2, log=True),
    ChoiceParam("batch_size", (32, 64, 128)),
)

UNSEEN_DEFAULTS: Mapping[str, ParamValue] = {
    "temporal_window_size": 75,
    "temporal_num_windows": 6,
    "min_confidence_threshold": 0.15,
    "hidden_layers": "256_128_64",
    "dropout": 0.3,
    "learning_rate": 1e-3,
    "batch_size": 64,
}
"""What a sweep, which does not choose them, gives the parameters that the objective does not see: mid-range values."""


def search_space(policy: MaskPolicy) -> tuple[Param, ...]:
    """Return the eleven parameters of a policy, those that the objective sees first."""
    return (*_MODULI, _REACH[policy], *_UNSEEN)


def objective_params(policy: MaskPolicy) -> tuple[str, ...]:
    """Return the names of the four parameters that the objective sees."""
    return tuple(param.name for param in search_space(policy) if param.role is Role.OBJECTIVE)


def roles(policy: MaskPolicy) -> dict[str, str]:
    """Return each parameter's role, for the published config."""
    return {param.name: param.role.value for param in search_space(policy)}


def check_params(params: Params, policy: MaskPolicy) -> None:
    """Check the parameters that the objective sees; others may be absent or anything.

    Raises:
        RequestError: one is missing or out of range.
    """
    for param in search_space(policy):
        if param.role is Role.OBJECTIVE:
            _check(param, params, policy)


def check_all_params(params: Params, policy: MaskPolicy) -> None:
    """Check all eleven parameters, those of later steps too: nothing else may be published.

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
