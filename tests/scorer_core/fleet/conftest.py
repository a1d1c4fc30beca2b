"""The ledgers that these tests run on."""

from __future__ import annotations

from tests.support.databases import clock, kind, ledger, some_ledger, url

__all__ = ["clock", "kind", "ledger", "some_ledger", "url"]
