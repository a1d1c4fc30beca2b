"""How far a run goes to find what a rig hides. Standard library only: the settings name it."""

from __future__ import annotations

from enum import StrEnum


class Verify(StrEnum):
    """How many of a sweep's shards are swept again, and by whom."""

    SAMPLE = "sample"
    ALL = "all"


def in_words() -> str:
    """Return what each member means, for a table of settings."""
    return "`sample` a random 3 % by the head, `all` every one by a second rig, too"
