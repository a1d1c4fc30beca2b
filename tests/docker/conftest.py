"""The services of docker-compose.yaml, up for all tests of this folder: `make compose-faults` alone runs them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.stack import ROOT, Stack

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave these tests out of every run that does not ask for them: they need a Docker engine."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker("docker")
    if "docker" not in str(config.option.markexpr):
        items[:] = [item for item in items if item not in ours]
        config.hook.pytest_deselected(items=ours)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The services, healthy, and four slow rigs; their volumes are new and go with them."""
    subprocess.run(["docker/init"], cwd=ROOT, check=True)
    stack = Stack.of_this_checkout()
    stack.compose("down", "--volumes")
    stack.up()
    try:
        stack.wait_until_healthy(300)
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "5")
