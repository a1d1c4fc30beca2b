"""Where the installations that tests make keep their ledger: in SQLite, or each in a database of one PostgreSQL server.

`TEST_DATABASE=postgresql` has every installation on PostgreSQL, tests unchanged: `make test-postgresql`.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from scorer_core.ledger.database import close_connections, engines
from tests.support.postgres import postgres_server

ON_POSTGRESQL = os.environ.get("TEST_DATABASE", "sqlite") == "postgresql"


_TESTS = Path(__file__).parents[1]
LEDGER_ROOMS = tuple(
    _TESTS / room
    for room in (
        *(
            f"scorer_core/{name}"
            for name in ("cli", "fleet", "ledger", "publish", "report", "run", "search", "steps", "views")
        ),
        *(f"scorer_core/test_{name}.py" for name in ("asking", "conf_effects", "releases", "settings")),
        *("scorer_airflow", "integration", "e2e", "fuzz"),
    )
)
"""Where tests open ledgers: `make test-postgresql` runs these on PostgreSQL."""

ON_BOTH_KINDS = tuple(
    _TESTS / room
    for room in (
        "bench/performance",
        "integration/faults/test_claims.py",
        "integration/faults/test_database.py",
    )
)
"""Whose tests open ledgers of both kinds by themselves, as does every test with the fixture `url`: once is enough."""


_made: set[Path] = set()


@pytest.fixture(autouse=True)
def closed_connections(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave none of a test's connections open, and no database; who opens a ledger outside LEDGER_ROOMS fails."""
    before = set(engines)
    yield
    if set(engines) - before and not (_is_in(request.path, LEDGER_ROOMS) or _is_in(request.path, ON_BOTH_KINDS)):
        pytest.fail(f"{request.path} opens a ledger: add it to {__name__}.LEDGER_ROOMS, so that PostgreSQL has it too")
    close_connections()
    _drop_below(getattr(request.node, "funcargs", {}).get("tmp_path"))


def is_for_postgresql(item: pytest.Item) -> bool:
    """Say whether a test may open a ledger, and does not choose its database by itself."""
    both = _is_in(item.path, ON_BOTH_KINDS) or "url" in getattr(item, "fixturenames", ())
    return _is_in(item.path, LEDGER_ROOMS) and not both


def _is_in(path: Path, rooms: tuple[Path, ...]) -> bool:
    return any(path == room or room in path.parents for room in rooms)


def database_of(home: Path) -> str:
    """Return the URL of the ledger of an installation; its database is there, and has no tables unless it had some."""
    return _on_the_server(home.resolve()) if ON_POSTGRESQL else f"sqlite:///{home / 'scorer.db'}"


def copy_installation(source: Path, home: Path) -> None:
    """Copy an installation that no process works on, its ledger too."""
    shutil.copytree(source, home)
    if ON_POSTGRESQL:
        close_connections()
        _make(home.resolve(), f"TEMPLATE {_name(source.resolve())}")


def _on_the_server(home: Path) -> str:
    if home not in _made:
        _make(home)
    return make_url(_server()).set(database=_name(home)).render_as_string(hide_password=False)


def _make(home: Path, like: str = "") -> None:
    _execute(f"CREATE DATABASE {_name(home)} {like}")
    _made.add(home)


def _drop_below(folder: Path | None) -> None:
    """Drop the databases of one test's own installations: those of thousands take a disk's room."""
    for home in [] if folder is None else [one for one in _made if one.is_relative_to(folder.resolve())]:
        _execute(f"DROP DATABASE {_name(home)} WITH (FORCE)")
        _made.remove(home)


def _execute(statement: str) -> None:
    engine = create_engine(_server(), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(statement))


def _name(home: Path) -> str:
    return "home_" + hashlib.sha256(os.fsencode(home)).hexdigest()[:24]


@cache
def _server() -> str:
    """Start this process's server, which ends with the process; what it writes need not survive that."""
    until_the_end = ExitStack()
    atexit.register(until_the_end.close)
    return until_the_end.enter_context(postgres_server("-c fsync=off -c max_connections=400"))
