"""How a DAG run ends whose verdict is no enrichment. Standard library only: the settings name it."""

from __future__ import annotations

from enum import StrEnum


class Refused(StrEnum):
    """What becomes of a run with REJECT or INCONCLUSIVE."""

    FAILED = "failed"
    SKIPPED = "skipped"


def in_words() -> str:
    """Return what each member means, for a table of settings."""
    return "`failed`: quality_gate and the run fail; `skipped`: publish is skipped, and the run succeeds"
