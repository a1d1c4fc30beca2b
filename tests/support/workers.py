"""The worker as it is shipped: built once for all tests of a process."""

from __future__ import annotations

import pytest

from scorer_core.transport.bundle import Bundle, build


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """The worker."""
    return build()
