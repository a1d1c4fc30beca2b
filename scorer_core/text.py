"""Text that comes from outside, made fit for a terminal, a log and a page. Standard library only."""

from __future__ import annotations

import unicodedata

_KEPT = "\n\t"
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Control and format characters (escape sequences, text that runs backwards), lone surrogates, and line separators."""


def printable(text: str, limit: int | None = None) -> str:
    """Return the text with U+FFFD for each character that would act instead of being shown, cut to a length."""
    cut = text if limit is None or len(text) <= limit else text[:limit] + "…"
    return "".join(
        char if char in _KEPT or unicodedata.category(char) not in _UNSAFE else "\N{REPLACEMENT CHARACTER}"
        for char in cut
    )
