"""The ledgers that these tests run on."""

from __future__ import annotations

from tests.support.databases import clock, ledger, sqlite, url

__all__ = ["clock", "ledger", "sqlite", "url"]
