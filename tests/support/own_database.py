"""Where the installations that tests make keep their ledger: in SQLite, or each in a database of one PostgreSQL server.

`TEST_DATABASE=postgresql` has every installation on PostgreSQL, tests unchanged: `make test-postgresql`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from scorer_core.atomic import make_private_folder
from scorer_core.ledger.database import close_connections, engines
from tests.support import lent
from tests.support.folders import folder_until_exit

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
        *("scorer_airflow", "integration", "e2e"),
    )
)
"""Where tests open ledgers: `make test-postgresql` runs these on PostgreSQL."""

WITHOUT_LEDGER = tuple(
    _TESTS / name
    for name in (
        *("integration/faults/test_lies_to_deploy.py", "integration/faults/test_worker_fuzz.py"),
        *("scorer_airflow/test_placement.py", "scorer_airflow/test_preload.py", "scorer_airflow/web/test_plugin.py"),
        *("scorer_core/fleet/test_speed.py", "scorer_core/publish/test_crash_safety.py"),
        *(f"scorer_core/{name}.py" for name in ("report/test_figures", "search/test_recheck", "search/test_sampler")),
    )
)
"""What takes long in these rooms and opens none: once is enough."""

ON_BOTH_KINDS = tuple(
    _TESTS / room
    for room in (
        "bench/performance",
        "integration/faults/test_claims.py",
        "integration/faults/test_database.py",
    )
)
"""Whose tests open ledgers of both kinds by themselves, as does every test with the fixture `kind`: once is enough."""


_lent: dict[Path, str] = {}


@pytest.fixture(autouse=True)
def closed_connections(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave none of a test's connections open, and no database; who opens a ledger where none is looked for fails."""
    before = set(engines)
    yield
    if set(engines) - before and not (_is_where_ledgers_are(request.path) or _is_in(request.path, ON_BOTH_KINDS)):
        pytest.fail(f"{request.path} opens a ledger: say so in {__name__}, so that PostgreSQL has it too")
    close_connections()
    if "tmp_path" in getattr(request.node, "funcargs", {}):
        give_back_below(request.node.funcargs["tmp_path"])


def is_for_postgresql(item: pytest.Item) -> bool:
    """Say whether a test may open a ledger, and does not choose its database by itself."""
    both = _is_in(item.path, ON_BOTH_KINDS) or "kind" in getattr(item, "fixturenames", ())
    return _is_where_ledgers_are(item.path) and not both


def _is_where_ledgers_are(path: Path) -> bool:
    return _is_in(path, LEDGER_ROOMS) and not _is_in(path, WITHOUT_LEDGER)


@cache  # asked of each test, for the file that it is in
def _is_in(path: Path, rooms: tuple[Path, ...]) -> bool:
    return any(path == room or room in path.parents for room in rooms)


def database_of(home: Path, *, empty: bool = False) -> str:
    """Return the URL of the ledger of an installation: its tables are there and have no rows, unless it had some.

    With `empty` a database that the installation does not have yet has no tables, as an operator's has none.
    """
    if ON_POSTGRESQL:
        home = home.resolve()
        if home not in _lent:
            _lent[home] = lent.make_database() if empty else lent.borrow()
        return _lent[home]
    return sqlite_in(home, empty=empty)


def sqlite_in(folder: Path, *, empty: bool = False) -> str:
    """Return the URL of the SQLite file in a folder; a new one has all tables, with `empty` none."""
    file = folder / "scorer.db"
    if not empty and not file.exists():
        make_private_folder(folder)
        shutil.copyfile(_with_tables(), file)
    return f"sqlite:///{file}"


def copy_installation(source: Path, home: Path) -> None:
    """Copy an installation that no process works on, its ledger too."""
    shutil.copytree(source, home)
    if ON_POSTGRESQL:
        close_connections()
        _lent[home.resolve()] = lent.make_database(like=_lent[source.resolve()])


def give_back_below(folder: Path) -> None:
    """Give back the databases of installations that no test uses any more: at its end, those of its `tmp_path`."""
    for home in [one for one in _lent if one.is_relative_to(folder.resolve())]:
        lent.give_back(_lent.pop(home))


@cache
def _with_tables() -> Path:
    """Return a file with the tables of the ledger and of Optuna, that each test's own is a copy of."""
    file = folder_until_exit() / "scorer.db"
    lent.make_tables(f"sqlite:///{file}")
    return file
