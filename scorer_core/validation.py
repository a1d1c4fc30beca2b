"""How validation errors read: what, where, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_MAX_SHOWN = 80


def problems(
    error: ValidationError,
    *,
    show_values: bool = True,
    hidden: Collection[str] = (),
    rename: Callable[[str], str] = lambda field: field,
) -> str:
    """Return the problems of a pydantic error in one line, one clause a problem.

    No value of a field named in `hidden`, and none of an unknown key, is ever shown.
    """
    return "; ".join(_clause(problem, show_values, hidden, rename) for problem in error.errors(include_url=False))


def _clause(problem: ErrorDetails, show_values: bool, hidden: Collection[str], rename: Callable[[str], str]) -> str:
    names = [str(part) for part in problem["loc"]]
    where = rename(".".join(names)) if names else "it"
    if problem["type"] == "missing":
        return f"{where} is missing"
    if problem["type"] in ("extra_forbidden", "invalid_key"):
        return f"{where} is an unknown key"
    rule = problem["msg"].removeprefix("Value error, ")
    if not names and problem["type"] == "value_error":
        return rule  # says itself what it is about
    for opening in ("Input should ", "String should ", "Tuple should "):
        rule = rule.removeprefix(opening)
    shown = show_values and problem["type"] != "value_error" and set(names).isdisjoint(hidden)
    if not shown or isinstance(problem["input"], (dict, list, tuple)):
        return f"{where}: {rule.removeprefix('be ')}"
    return f"{where} is {_shortened(problem['input'])}; it should {rule}"


def _shortened(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "too long to show"
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def unknown_key(where: str, key: str, known: Iterable[str]) -> str:
    """Return the message for a key that does not exist, with the nearest known one."""
    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(names)}."
    return f"{where}: unknown key {key!r}; {hint}"
