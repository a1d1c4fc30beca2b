"""A ledger, as `tests.support.databases` makes it."""

from __future__ import annotations

from tests.support.databases import clock, sqlite

__all__ = ["clock", "sqlite"]
