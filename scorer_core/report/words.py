"""Numbers, moments and JSON values as the report's reader sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

NOTHING = "–"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"10\^(-?\d+)")
_EXPONENT = re.compile(r"(?<![\w.])(\d(?:\.\d+)?)e-0?(\d+)(?!\w)")
_SMALL = 1e-4
_SHORT_S = 0.1


def number(value: float | None, digits: int = 4) -> str:
    """Return a number with thousands marked, or as a power of ten when it is small; None is a dash."""
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    if 0 < abs(value) < _SMALL:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}"
    return f"{value:,.{digits}g}".replace("-", "−")


def p_value(probability: float | None) -> str:
    """Return a p-value; one that is too small for a float is never told as 0."""
    return "< 10⁻³⁰⁰" if probability == 0 else number(probability, 2)


def power_of_ten(exponent: float | None) -> str:
    """Return a number that a float may not hold, given its common logarithm; None is a dash."""
    if exponent is None:
        return NOTHING
    if exponent > -300:
        return number(10.0**exponent, 2)
    return f"10{str(round(exponent)).translate(_RAISED)}"


def powers(text: str) -> str:
    """Return a sentence with its powers of ten raised: `10^-151` and `8.7e-06` as a person writes them."""
    raised = _POWER.sub(lambda found: f"10{found[1].translate(_RAISED)}", text)
    return _EXPONENT.sub(lambda found: f"{found[1]} × 10⁻{found[2].translate(_RAISED)}", raised)


def percent(value: float | None) -> str:
    """Return a share in percent; None is a dash."""
    return NOTHING if value is None else f"{value:.1%}"


def seconds(value: float | None) -> str:
    """Return a duration, in the largest unit that fits."""
    if value is None:
        return NOTHING
    for unit, length in (("h", 3600), ("min", 60)):
        if value >= 2 * length:
            return f"{value / length:.1f} {unit}"
    if 0 < value < _SHORT_S:
        return f"{1000 * value:.2g} ms"
    return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"


def age(seconds: float) -> str:
    """Return for how long something is there, in whole days, hours, minutes or seconds."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def moment(text: str | None) -> str:
    """Return an ISO 8601 moment as date and time in UTC, to the second."""
    if text is None:
        return NOTHING
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def count(number_of: int, one: str) -> str:
    """Return how many there are of a thing, in the plural where it needs one."""
    return f"{number_of:,} {one}{'' if number_of == 1 else 's'}"


def sample(size: int | None) -> str:
    """Return a sample size; None is all rows."""
    return "all rows" if size is None else number(size)


def value(item: Any) -> str:
    """Return any JSON value in one line."""
    if isinstance(item, bool):
        return "yes" if item else "no"
    if item is None or isinstance(item, (int, float)):
        return number(item)
    if isinstance(item, list):
        return ", ".join(value(part) for part in item) or NOTHING
    if isinstance(item, Mapping):
        return "; ".join(f"{name} {part}" for name, part in pairs(item))
    return str(item)


def parameter(item: Any) -> str:
    """Return a parameter's value with every digit that matters."""
    return f"{item:.6g}" if isinstance(item, float) else str(item)


def pairs(item: Any) -> list[tuple[str, str]]:
    """Return the named values of a JSON object, in words; a bare value has no name."""
    if not isinstance(item, Mapping):
        return [("", value(item))]
    return [
        (str(name).replace("_", " "), p_value(part) if name == "p_value" else value(part))
        for name, part in item.items()
    ]
