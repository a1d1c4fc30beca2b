"""One finished run for the whole folder of tests, as `tests.support.decided` makes it."""

from __future__ import annotations

from tests.support.decided import decided

__all__ = ["decided"]
