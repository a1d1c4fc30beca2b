"""The worker for the whole folder of tests."""

from __future__ import annotations

from tests.support.workers import bundle

__all__ = ["bundle"]
