"""How validation errors read: what, where, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from pydantic import ValidationError

_MAX_SHOWN = 80


def problems(
    error: ValidationError, *, show_values: bool = True, rename: Callable[[str], str] = lambda field: field
) -> str:
    """Return the problems of a pydantic error in one line, one clause a problem."""
    clauses = []
    for problem in error.errors(include_url=False):
        where = rename(".".join(str(part) for part in problem["loc"]) or "the whole")
        message = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        if problem["type"] == "missing":
            clauses.append(f"{where} is missing")
        elif problem["type"] == "value_error" or not show_values:
            clauses.append(f"{where}: {message}")
        else:
            value = repr(problem["input"])
            shown = value if len(value) <= _MAX_SHOWN else value[:_MAX_SHOWN] + "…"
            clauses.append(f"{where} is {shown}; it should be {message}")
    return "; ".join(clauses)


def unknown_key(where: str, key: str, known: Iterable[str]) -> str:
    """Return the message for a key that does not exist, with the nearest known one."""
    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(names)}."
    return f"{where}: unknown key {key!r}; {hint}"
