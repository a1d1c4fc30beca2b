"""A ledger, as `tests.support.databases` makes it, and figures that are drawn once."""

from __future__ import annotations

from tests.support.databases import clock, some_ledger
from tests.support.drawn import drawn_once

__all__ = ["clock", "drawn_once", "some_ledger"]
