"""Databases and ledgers for each test: SQLite always, a real PostgreSQL beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from scorer_core.ledger.ledger import Ledger
from tests.support.own_database import database_of
from tests.support.postgres import postgres_server
from tests.support.tickets import Clock


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server, the same for all tests."""
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger' / 'scorer.db'}"
    server: str = request.getfixturevalue("postgres")
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return server


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
