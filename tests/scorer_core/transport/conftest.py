"""The worker as it is shipped, for every test of what carries it."""

from __future__ import annotations

from tests.scorer_core.rig.conftest import bundle

__all__ = ["bundle"]
