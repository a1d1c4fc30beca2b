"""One finished run for the whole folder of tests, as `tests.support.decided` makes it; its figures are drawn once."""

from __future__ import annotations

from tests.support.decided import decided
from tests.support.drawn import drawn_once

__all__ = ["decided", "drawn_once"]
