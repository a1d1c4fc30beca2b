"""Databases and ledgers, as `tests.support.databases` makes them."""

from __future__ import annotations

from tests.support.databases import clock, ledger, postgres, some_ledger, url

__all__ = ["clock", "ledger", "postgres", "some_ledger", "url"]
