"""The fault matrix: every test names its fault and says the outcome; the run can write both to docs/reliability.md."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.faults.table import TABLE, Row, write_table

DOCUMENT = Path(__file__).parents[3] / "docs" / "reliability.md"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test below this folder, so that `make test` can leave the slow matrix to `make faults`."""
    here = f"{Path(__file__).parent}{os.sep}"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.faults)


@pytest.fixture
def outcome(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return the function that notes what the run did under the test's fault, once it was asserted."""
    marker = request.node.get_closest_marker("fault")
    assert marker is not None, "a test of the matrix names its fault: @pytest.mark.fault('what happens')"
    fault, servers = marker.args[0], marker.kwargs.get("servers", "")

    def note(words: str) -> None:
        TABLE.append(Row(fault, servers, words, request.node.nodeid))

    return note


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Bring the table up to date, when asked to, with the tests that ran to their end."""
    if session.config.getoption("write_reliability"):
        write_table(DOCUMENT, TABLE)
