"""Fixtures for every test: the golden data, and how hypothesis searches.

Imports nothing but the standard library, numpy, pytest, hypothesis and what is shipped to rigs: the tests of
those packages also run in an environment that has nothing else.
"""

from __future__ import annotations

import gc
import importlib.util
import os
from collections import Counter
from collections.abc import Generator, Sequence
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: two test processes' threads wait for each other

import pytest
from hypothesis import settings

from scorer_core.pool.survivors import Pool, load_pool
from tests.support.pools import GOLDEN_POOL
from tests.support.pools import golden_vectors as read_golden_vectors

if importlib.util.find_spec("pydantic"):  # a search needs it, and a ledger
    from tests.support.own_database import closed_connections
    from tests.support.seeds import chosen_seeds, drawn_seeds

    __all__ = ["chosen_seeds", "closed_connections", "drawn_seeds"]

COVERED_CASES = 3

settings.register_profile("here", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("few", settings.get_profile("ci"), max_examples=20)
settings.load_profile(os.environ.get("SCORER_TEST_EXAMPLES", "ci" if os.environ.get("CI") else "here"))


@pytest.fixture(scope="session")
def golden_pool() -> Pool:
    """The old system's pool of 6,739 survivors. Shared: do not write into its arrays."""
    return load_pool(GOLDEN_POOL)


@pytest.fixture(scope="session")
def golden_vectors() -> list[dict[str, Any]]:
    """The old system's 80 answers on the golden pool."""
    return read_golden_vectors()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected, nor among them later: it takes a fifth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what waits most: of two processes, neither is to wait for the other at the end."""
    if config.pluginmanager.hasplugin("_cov"):
        cover_few_cases(items)
    if importlib.util.find_spec("sqlalchemy"):
        from tests.support.own_database import is_for_postgresql

        for item in items:
            if is_for_postgresql(item):
                item.add_marker("ledger")
    items.sort(key=lambda item: (not _needs_airflow(item.nodeid), item.get_closest_marker("faults") is None))


def cover_few_cases(items: Sequence[pytest.Item]) -> None:
    """Take the coverage of each test's first cases alone: it takes twice the time, and the others find few lines."""
    seen = Counter[str]()
    for item in items:
        name = item.nodeid.partition("[")[0]
        seen[name] += 1
        if seen[name] > COVERED_CASES:
            item.add_marker("no_cover")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give one process all the runs under a real Airflow: two of them at once starve each other on two cores."""
    from xdist.scheduler import LoadFileScheduling

    class OneAirflow(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return "airflow" if _needs_airflow(nodeid) else str(super()._split_scope(nodeid))

    return OneAirflow(config, log) if config.getvalue("dist") == "loadfile" else None


def _needs_airflow(nodeid: str) -> bool:
    return nodeid.startswith(("tests/e2e/", "tests/integration/faults/airflow/"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-reliability",
        action="store_true",
        help="bring docs/reliability.md up to date with the tests of the fault matrix that ran to their end",
    )
    parser.addoption("--fuzz-seconds", type=float, default=0.0, help="how long each test of tests/fuzz searches")
    parser.addoption("--fuzz-seed", type=int, default=0, help="the seed that such a search begins with")
