"""An installation for each test, and pools with and without an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer_core.pool.files import write_columns
from tests.scorer_core.cli.installation import Installation
from tests.support.drawn import drawn_once
from tests.support.own_database import database_of
from tests.support.pools import small_columns
from tests.support.runs import easy_columns

__all__ = ["drawn_once"]


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A new installation; nothing is in it."""
    return Installation(tmp_path / "home")


@pytest.fixture
def no_tables(installation: Installation) -> None:
    """Its database has no tables, on PostgreSQL too, where a test's database has them by default."""
    database_of(installation.home, empty=True)


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pool that has an answer, which a few random trials come near."""
    path = tmp_path_factory.mktemp("pools") / "planted.npz"
    write_columns(path, easy_columns(12_000, seed=0))
    return path


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pool of 2,000 rows with random labels."""
    path = tmp_path_factory.mktemp("pools") / "small.npz"
    write_columns(path, small_columns(2000))
    return path
