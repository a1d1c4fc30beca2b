"""Waiting for something that happens elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.waiting import eventually


def until(condition: Callable[[], object], what: str, timeout_s: float = 180.0) -> None:
    """Wait until a condition holds; fail with its name when it does not in time."""
    assert eventually(condition, timeout_s, pause_s=0.5), f"{what} did not come within {timeout_s:g} s"
