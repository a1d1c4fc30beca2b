"""Databases and ledgers for each test: SQLite always, a real PostgreSQL beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scorer_core.ledger.ledger import Ledger
from tests.support import lent
from tests.support.own_database import database_of, sqlite_in
from tests.support.tickets import Clock


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database: the test runs on each."""
    return str(request.param)


@pytest.fixture
def url(kind: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that has every table and no rows, of each kind."""
    if kind == "sqlite":
        yield sqlite_in(tmp_path / "ledger")
        return
    lent_url = lent.borrow()
    yield lent_url
    lent.give_back(lent_url)


@pytest.fixture
def empty_url(kind: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, of each kind."""
    if kind == "sqlite":
        yield sqlite_in(tmp_path / "ledger", empty=True)
        return
    made = lent.make_database()
    yield made
    lent.drop(made)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def ledger(url: str, clock: Clock) -> Iterator[Ledger]:
    """A ledger with its tables, on each kind of database."""
    ledger = Ledger(url, clock)
    ledger.create_tables()
    yield ledger
    ledger.engine.dispose()


@pytest.fixture
def some_ledger(tmp_path: Path, clock: Clock) -> Ledger:
    """A ledger of one kind, where the kind does not matter: SQLite's, unless all tests are on PostgreSQL."""
    ledger = Ledger(database_of(tmp_path), clock)
    ledger.create_tables()
    return ledger
