"""Suites that every implementation of our ports passes, to be run by those who write another. They need pytest."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("scorer_core.testing.transports")
