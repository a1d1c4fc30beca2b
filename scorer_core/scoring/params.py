"""The kinds of parameter: what values each may take, and its documented default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ParamValue = int | float | str
Params = Mapping[str, ParamValue]


@dataclass(frozen=True)
class IntParam:
    """An integer from `low` to `high`, both included."""

    name: str
    low: int
    high: int
    default: int

    def contains(self, value: object) -> bool:
        """Say whether `value` is an integer in range."""
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def describe(self) -> str:
        """Return the range in words."""
        return f"an integer from {self.low} to {self.high}"

    def values(self) -> tuple[int, ...]:
        """Return every value, ascending: what a sweep walks."""
        return tuple(range(self.low, self.high + 1))


@dataclass(frozen=True)
class FloatParam:
    """A float from `low` to `high`, both included; sampled on a log scale when `log`; in steps of `step`, if any."""

    name: str
    low: float
    high: float
    default: float
    log: bool = False
    step: float | None = None

    def contains(self, value: object) -> bool:
        """Say whether `value` is a number in range and, where there are steps, on one of them."""
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not self.low <= value <= self.high:
            return False
        return self.step is None or value == self.nearest(value)

    def describe(self) -> str:
        """Return the range in words."""
        steps = "" if self.step is None else f" in steps of {self.step:g}"
        return f"a number from {self.low:g} to {self.high:g}{steps}"

    def values(self) -> tuple[float, ...]:
        """Return every value, ascending: what a sweep walks.

        Raises:
            ValueError: it has no step, so that there is no end of values.
        """
        if self.step is None:
            raise ValueError(f"parameter {self.name} has no step; a sweep cannot walk all its values.")
        count = round((self.high - self.low) / self.step) + 1
        return tuple(self.nearest(self.low + self.step * place) for place in range(count))

    def nearest(self, value: float) -> float:
        """Return the step nearest to a value, as the float nearest to its decimal; without steps the value itself."""
        if self.step is None:
            return value
        return round(self.low + self.step * round((value - self.low) / self.step), 10)


@dataclass(frozen=True)
class ChoiceParam:
    """One of a few values."""

    name: str
    choices: tuple[int, ...] | tuple[str, ...]
    default: int | str

    def contains(self, value: object) -> bool:
        """Say whether `value` is one of the choices, of the same type."""
        return any(value == choice and type(value) is type(choice) for choice in self.choices)

    def describe(self) -> str:
        """Return the choices in words."""
        return "one of " + ", ".join(str(choice) for choice in self.choices)

    def values(self) -> tuple[int, ...] | tuple[str, ...]:
        """Return the choices."""
        return self.choices


Param = IntParam | FloatParam | ChoiceParam
