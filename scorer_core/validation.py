"""How validation errors read: what, where, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_MAX_SHOWN = 80


def problems(
    error: ValidationError,
    *,
    model: type[BaseModel] | None = None,
    show_values: bool = True,
    rename: Callable[[str], str] = lambda field: field,
) -> str:
    """Return the problems of a pydantic error in one line, one clause a problem.

    With `model`, what was validated against, an unknown key gets the nearest known one, and no value
    of a field that its model keeps out of `repr` is shown. The value of an unknown key never is.
    """
    return "; ".join(_clause(problem, model, show_values, rename) for problem in error.errors(include_url=False))


def _clause(
    problem: ErrorDetails, model: type[BaseModel] | None, show_values: bool, rename: Callable[[str], str]
) -> str:
    names = [str(part) for part in problem["loc"]]
    where = rename(".".join(names)) if names else "it"
    if problem["type"] == "missing":
        return f"{where} is missing"
    if problem["type"] in ("extra_forbidden", "invalid_key"):
        return f"{where} is an unknown key{_hint(names[-1], _known(model, names[:-1]))}"
    rule = problem["msg"].removeprefix("Value error, ")
    if not names and problem["type"] == "value_error":
        return rule  # says itself what it is about
    for opening in ("Input should ", "String should ", "Tuple should "):
        rule = rule.removeprefix(opening)
    shown = show_values and problem["type"] != "value_error" and not _secret(model, names)
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
    return f"{where}: unknown key {key!r}{_hint(key, known)}"


def _hint(key: str, known: Iterable[str]) -> str:
    names = sorted(known)
    if not names:
        return ""
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are: {', '.join(names)}."


def _known(model: type[BaseModel] | None, names: Sequence[str]) -> Iterable[str]:
    """Return the keys that a model knows at a place."""
    place = _walk(model, names)[0]
    return () if place is None else place.model_fields


def _secret(model: type[BaseModel] | None, names: Sequence[str]) -> bool:
    """Say whether a place, or what belongs there, is kept out of `repr`."""
    place, hidden = _walk(model, names)
    return hidden or (place is not None and not all(field.repr for field in place.model_fields.values()))


def _walk(model: type[BaseModel] | None, names: Sequence[str]) -> tuple[type[BaseModel] | None, bool]:
    """Return the model at a place, if one belongs there, and whether a field on the way is kept out of `repr`."""
    hidden = False
    for name in names:
        if name.isdigit() or model is None:  # the items of a list are of the model that the list's field names
            continue
        field = model.model_fields.get(name)
        hidden = hidden or (field is not None and not field.repr)
        model = None if field is None else _model_in(field.annotation)
    return model, hidden


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model of a field that holds one, perhaps, or a sequence of them."""
    found = (each for each in (annotation, *get_args(annotation)) if isinstance(each, type))
    return next((each for each in found if issubclass(each, BaseModel)), None)
