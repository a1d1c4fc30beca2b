"""What is checked of every request, whatever it asks for: its keys, its number, its policy."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, TypeGuard

from scorer_core.errors import RequestError
from scorer_core.scoring.policies import MaskPolicy

MAX_TRIAL_NUMBER = 2**31 - 1
_KEYS = frozenset(("trial_number", "params", "sample_size", "mask_policy"))


def checked_fields(record: object, what: str, keys: AbstractSet[str] = _KEYS) -> dict[str, Any]:
    """Return a decoded JSON object that has exactly the keys of a request; `what` names it in errors.

    Raises:
        RequestError: it is no object, or a key is missing or unknown.
    """
    if not isinstance(record, dict):
        raise RequestError(f"a {what} request must be a JSON object.")
    if set(record) != keys:
        wrong = sorted(str(key) for key in set(record) ^ keys)
        raise RequestError(f"a {what} request needs exactly the keys {sorted(keys)}; wrong: {wrong}.")
    return record


def checked_number(value: object, name: str = "trial_number") -> int:
    """Return a trial's number, or another one of that name; raises RequestError when it is none."""
    if not is_int(value) or not 0 <= value <= MAX_TRIAL_NUMBER:
        raise RequestError(f"{name} is {value!r}; it must be an integer from 0 to {MAX_TRIAL_NUMBER}.")
    return value


def checked_size(value: object) -> int | None:
    """Return a sample size, None for all rows; raises RequestError when it is neither."""
    if value is not None and (not is_int(value) or value < 1):
        raise RequestError(f"sample_size is {value!r}; it must be null or a positive integer.")
    return value


def checked_policy(value: object) -> MaskPolicy:
    """Return the mask policy of that name; raises RequestError when there is none."""
    try:
        return MaskPolicy(value)
    except ValueError:
        known = ", ".join(policy.value for policy in MaskPolicy)
        raise RequestError(f"mask_policy {value!r} is not known; use one of {known}.") from None


def is_int(value: object) -> TypeGuard[int]:
    """Say whether a JSON value is an integer: true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)
