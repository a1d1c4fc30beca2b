"""One finished run for the whole folder of tests, as `tests.support.decided` makes it, and its config."""

from __future__ import annotations

from typing import Any

import pytest

from scorer_core.context import RunContext
from tests.support.decided import decided

__all__ = ["decided"]


@pytest.fixture
def config(decided: RunContext) -> dict[str, Any]:
    """The candidate's config as the gate wrote it."""
    document: dict[str, Any] = decided.files.config.read_json()
    return document
