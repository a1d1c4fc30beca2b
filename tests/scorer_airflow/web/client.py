"""Starlette's test client; it says at its import that a later httpx will take the place of the one that is pinned."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

__all__ = ["TestClient"]
