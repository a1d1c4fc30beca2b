"""One finished run, as `tests.support.decided` makes it."""

from __future__ import annotations

from tests.support.decided import decided

__all__ = ["decided"]
