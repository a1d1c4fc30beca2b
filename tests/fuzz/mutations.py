"""Documents that are almost right: a good one with a few values, keys or items changed anywhere in it."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

NUMBERS = st.one_of(
    st.integers(-3, 3), st.sampled_from([2**31, 2**63, -(2**63), 2**64, 10**400, 1e308, -0.0, 5e-324, 0.5]), st.floats()
)
_ODD = ("", "\ud800", "\x1b[2J", "../..", "2026-13-45", "$(id)", "9" * 5000)
TEXTS = st.one_of(st.text(max_size=8), st.sampled_from(_ODD))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a document but its root."""
    found = []
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inside:
        found.append((*path, key))
        found += places(value, (*path, key))
    return found


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """Draw a document with one to three changes: a value replaced, a key or item dropped, a key added."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        where = places(changed)
        if not where:
            return draw(VALUES)
        *way, last = draw(st.sampled_from(where))
        inside = changed
        for key in way:
            inside = inside[key]
        kind = draw(st.sampled_from(["replace", "replace", "drop", "add"]))
        if kind == "replace":
            inside[last] = draw(VALUES)
        elif kind == "drop":
            del inside[last]
        elif isinstance(inside, dict):
            inside[draw(TEXTS)] = draw(VALUES)
        else:
            inside.insert(last, draw(VALUES))
    return changed
