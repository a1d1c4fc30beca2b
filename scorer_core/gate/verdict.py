"""The four answers of the gate."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The four answers. Only PUBLISH publishes."""

    PUBLISH = "PUBLISH"
    KEEP_CHAMPION = "KEEP_CHAMPION"
    REJECT = "REJECT"
    INCONCLUSIVE = "INCONCLUSIVE"
