"""The real worker, whose trials last as long as a file on the rig says: time to hit it in mid-trial."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scorer_core.transport import bundle
from sim.rigs.slow_worker import set_seconds, slow_bundle

__all__ = ["set_seconds", "slow_bundle", "slow_workers"]


@contextmanager
def slow_workers() -> Iterator[None]:
    """Let runs that are prepared meanwhile ship the slow worker."""
    slow = slow_bundle()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "build", lambda: slow)
        yield
