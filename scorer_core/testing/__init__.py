"""Contract suites that every implementation of our ports passes, for who writes another. They need pytest.

Subclass a suite, give it its fixtures, run pytest.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(*(f"scorer_core.testing.{name}" for name in ("engines", "stores", "transports")))
