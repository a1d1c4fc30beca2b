"""Databases and ledgers, as `tests.support.databases` makes them."""

from __future__ import annotations

from tests.support.databases import clock, ledger, postgres, sqlite, url

__all__ = ["clock", "ledger", "postgres", "sqlite", "url"]
