"""What becomes of a DAG run whose verdict refuses to publish. Standard library only: the settings name it."""

from __future__ import annotations

from enum import StrEnum


class Refused(StrEnum):
    """How the gate's task ends on REJECT and INCONCLUSIVE: failed, or skipped in a run that ends green."""

    FAILED = "failed"
    SKIPPED = "skipped"
