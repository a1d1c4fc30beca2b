"""What a check of the gate answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """The answer of one check; `observed` and `needed` are JSON values, `meaning` is for the operator.

    `passed` is None when the check could not be evaluated because an earlier one failed.
    """

    name: str
    passed: bool | None
    observed: Any
    needed: Any
    meaning: str


def not_evaluated(name: str, because: str) -> Check:
    """Return the check `name` as one that had nothing to look at after the check `because` failed."""
    meaning = f"Not evaluated, because the check {because} failed."
    return Check(name, passed=None, observed=None, needed=None, meaning=meaning)
