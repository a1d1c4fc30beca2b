"""Databases and ledgers, as `tests.support.databases` makes them."""

from __future__ import annotations

from tests.support.databases import clock, empty_url, kind, ledger, some_ledger, url

__all__ = ["clock", "empty_url", "kind", "ledger", "some_ledger", "url"]
