"""The worker as it is shipped, and a rig that has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer_core.transport.bundle import Bundle
from tests.scorer_core.rig.workers import Rig, make_rig
from tests.support.pools import GOLDEN_POOL
from tests.support.workers import bundle

__all__ = ["bundle", "rig"]


@pytest.fixture
def rig(tmp_path: Path, bundle: Bundle) -> Rig:
    """A root of its own for each test, with the worker and the golden pool; its name is not a tame one."""
    return make_rig(tmp_path / "rig's root $HOME", bundle, GOLDEN_POOL.read_bytes())
