"""How far the head goes to find what a rig hides. Standard library only: the settings name it."""

from __future__ import annotations

from enum import StrEnum


class Verify(StrEnum):
    """How many of a sweep's shards the head sweeps again."""

    SAMPLE = "sample"
    ALL = "all"


def in_words() -> str:
    """Return what each member means, for a table of settings."""
    return "`sample` a random 3 %, `all` every one"
