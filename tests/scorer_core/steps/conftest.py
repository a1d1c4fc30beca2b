"""A ledger, as `tests.support.databases` makes it."""

from __future__ import annotations

from tests.support.databases import clock, some_ledger

__all__ = ["clock", "some_ledger"]
