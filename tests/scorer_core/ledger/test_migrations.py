"""The ledger's tables: made, recognised, brought up to date, and refused when they are of another release."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, inspect, text

from scorer_core.errors import RunError, SchemaError
from scorer_core.ledger import migrate, schema
from scorer_core.ledger.database import open_engine, writing
from scorer_core.ledger.keys import next_number, taken
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.tables import Base
from scorer_core.ledger.verdicts import all_settled
from scorer_core.spending import share_of
from tests.support.schemas import NEXT, OldDecision, release_0_1_0, release_the_next
from tests.support.tickets import RUN, A, Clock, claim, open_run, spec

FORK = multiprocessing.get_context("fork")
PROCESSES = 8


@pytest.fixture
def url(empty_url: str) -> str:
    """The URL of a database without tables: here, how they are made is what is tested."""
    return empty_url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The engine of an empty database, of each kind."""
    engine = writing(open_engine(url))
    yield engine
    engine.dispose()


def version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        found: str | None = connection.scalar(schema.VERSION)
        return found


def columns(engine: Engine, table: str = "scorer_runs") -> set[str]:
    return {column["name"] for column in inspect(engine).get_columns(table)}


def compare(engine: Engine) -> None:
    """Compare database and classes as Alembic's autogenerate does; raises CommandError where they differ."""
    with engine.begin() as connection:
        command.check(migrate.alembic_config(connection))


def test_the_migrations_make_the_tables_of_the_classes(ledger: Ledger) -> None:
    compare(ledger.engine)

    assert {*inspect(ledger.engine).get_table_names()} == {*Base.metadata.tables, schema.VERSION_TABLE}


def test_the_comparison_sees_a_difference_in_our_tables_and_none_in_others(ledger: Ledger) -> None:
    with ledger.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    compare(ledger.engine)

    with ledger.engine.begin() as connection:
        connection.execute(text("DROP INDEX scorer_tickets_by_state"))
    with pytest.raises(CommandError, match="scorer_tickets_by_state"):
        compare(ledger.engine)


def test_the_version_that_is_asked_for_is_the_last_migration() -> None:
    assert ScriptDirectory.from_config(migrate.alembic_config()).get_heads() == [schema.HEAD]


def test_a_ledger_that_is_up_to_date_is_opened_by_one_select_without_alembic(ledger: Ledger, url: str) -> None:
    program = f"""
import sys
from sqlalchemy import Engine, event
from scorer_core.ledger.ledger import Ledger
ledger, said = Ledger({url!r}), []
with ledger.engine.connect():
    pass
event.listen(Engine, "before_cursor_execute", lambda *given: said.append(given[2]))
ledger.create_tables()
print([one for one in said if not one.startswith("BEGIN")], "alembic" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "['SELECT version_num \\nFROM scorer_schema'] False\n"


def test_a_database_with_some_of_the_tables_is_refused(engine: Engine, url: str) -> None:
    release_0_1_0(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE scorer_rigs"))

    with pytest.raises(SchemaError, match="only some of the ledger's tables; scorer_rigs is not there"):
        schema.make_ready(engine, engine)

    assert schema.VERSION_TABLE not in inspect(engine).get_table_names()


def first_use(url: str, start: Barrier, answers: Any) -> None:
    """Open a ledger at the same moment as others do, and say what came of it."""
    start.wait(30)
    try:
        Ledger(url).create_tables()
        answers.put("ready")
    except Exception as error:
        answers.put(repr(error))


def test_processes_that_open_a_ledger_first_at_once_all_get_it(url: str) -> None:
    start, answers = FORK.Barrier(PROCESSES), FORK.Queue()
    lanes = [FORK.Process(target=first_use, args=(url, start, answers)) for _ in range(PROCESSES)]
    for lane in lanes:
        lane.start()

    said = [answers.get(timeout=60) for _ in lanes]

    for lane in lanes:
        lane.join(30)
    assert said == ["ready"] * PROCESSES
    ledger = Ledger(url)
    compare(ledger.engine)
    assert version(ledger.engine) == schema.HEAD
    ledger.engine.dispose()


def test_tables_of_an_earlier_release_are_refused_with_the_next_step(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = schema.HEAD
    release_the_next(monkeypatch, tmp_path)

    with pytest.raises(SchemaError, match=f"of version {before}, and this release needs next.*`scorer db up") as said:
        ledger.create_tables()

    assert "://" not in str(said.value)
    assert "told" not in columns(ledger.engine)


def test_so_are_those_of_release_0_1_0(engine: Engine, url: str) -> None:
    release_0_1_0(url)

    with pytest.raises(SchemaError, match=f"of version 0001, and this release needs {schema.HEAD}"):
        schema.make_ready(engine, engine)

    assert schema.VERSION_TABLE not in inspect(engine).get_table_names()


def test_tables_of_a_newer_release_are_refused_and_stay(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        release_the_next(patch, tmp_path)
        migrate.upgrade(ledger.engine)

    for opening in (ledger.create_tables, lambda: migrate.upgrade(ledger.engine, abandon=True)):
        with pytest.raises(SchemaError, match=f"of version next, made by a newer .* up to {schema.HEAD}") as said:
            opening()
        assert "://" not in str(said.value)
    assert version(ledger.engine) == NEXT


def test_an_upgrade_runs_each_migration_and_keeps_every_row(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    open_run(ledger, spec())
    claim(ledger, A)
    ledger.end_run(RUN)
    before = schema.HEAD
    release_the_next(monkeypatch, tmp_path)

    found = migrate.upgrade(ledger.engine)

    assert found == migrate.Found(before, stamped=True)
    assert (version(ledger.engine), "told" in columns(ledger.engine)) == (NEXT, True)
    assert len(ledger.tickets(RUN)) == 3
    ledger.create_tables()
    assert migrate.upgrade(ledger.engine) == migrate.Found(NEXT, stamped=True)


def test_an_upgrade_of_release_0_1_0_makes_the_tables_of_the_classes_and_keeps_every_row(url: str) -> None:
    release_0_1_0(url)
    ledger = Ledger(url)

    found = migrate.upgrade(ledger.engine)

    assert found == migrate.Found(migrate.RELEASE_0_1_0, stamped=False)
    compare(ledger.engine)
    assert len(ledger.tickets(RUN)) == 3
    assert ledger.run(RUN).decision is None
    ledger.engine.dispose()


def test_what_release_0_1_0_decided_counts_in_the_order_of_time_with_the_alpha_that_it_had(url: str) -> None:
    release_0_1_0(
        url,
        OldDecision("second on c", "c" * 64, 2, None, "2024-05-09 00:00:00"),
        OldDecision("first on d", "d" * 64, 1, "REJECT", "2024-05-08 00:00:00"),
        OldDecision("first on c", "c" * 64, 1, "PUBLISH", "2024-05-07 00:00:00"),
    )
    ledger = Ledger(url)
    migrate.upgrade(ledger.engine)

    found = taken(ledger.engine)

    assert [(one.number, one.run_id, one.key.strata[-2:]) for one in found] == [
        (1, "first on c", " 1"),
        (2, "first on d", " 1"),
        (3, "second on c", " 2"),
    ]
    assert [one.alpha_j for one in found] == [pytest.approx(share_of(0.05, j)) for j in (1, 1, 2)]
    assert {(one.alpha, one.key.mask_policy) for one in found} == {(0.05, "keep_fraction")}
    assert found[0].taken_at == datetime(2024, 5, 7, tzinfo=UTC)
    assert [(one.run_id, one.number, one.verdict, one.decision) for one in all_settled(ledger.engine)] == [
        ("first on c", 1, "PUBLISH", None),
        ("first on d", 2, "REJECT", None),
    ]
    assert ledger.run("first on d").decision == 2
    assert next_number(ledger.engine) == 4
    ledger.engine.dispose()


def test_references_hold_again_after_an_upgrade_of_sqlite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a changed table is made anew."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'scorer.db'}")
    ledger.create_tables()
    open_run(ledger, spec())
    release_the_next(monkeypatch, tmp_path)
    migrate.upgrade(ledger.engine, abandon=True)

    with ledger.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        referred = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'scorer_tickets'"))
    assert "REFERENCES scorer_runs (run_id)" in referred


def test_an_upgrade_that_fails_leaves_everything_as_it_was(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    open_run(ledger, spec())
    before = schema.HEAD
    release_the_next(monkeypatch, tmp_path)
    with (tmp_path / "migrations" / "versions" / "next.py").open("a") as migration:
        migration.write("    raise ZeroDivisionError\n")

    with pytest.raises(ZeroDivisionError):
        migrate.upgrade(ledger.engine, abandon=True)

    assert (version(ledger.engine), "told" in columns(ledger.engine)) == (before, False)
    assert ledger.run(RUN).ended_at is None


def test_an_upgrade_is_refused_while_a_run_is_open(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    open_run(ledger, spec(), "ended")
    ledger.end_run("ended")
    for number in range(7):
        open_run(ledger, spec(), f"open-{number}")
    release_the_next(monkeypatch, tmp_path)

    with pytest.raises(RunError, match="open: open-0, open-1, open-2, open-3, open-4 and 2 more.*--abandon"):
        migrate.upgrade(ledger.engine)

    assert "told" not in columns(ledger.engine)
    assert ledger.run("open-0").ended_at is None


def test_an_upgrade_that_abandons_ends_the_open_runs_first(
    ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    open_run(ledger, spec(), "ended")
    ledger.end_run("ended")
    before = clock.now
    open_run(ledger, spec(), "open")
    release_the_next(monkeypatch, tmp_path)
    clock.advance(60)

    found = migrate.upgrade(ledger.engine, abandon=True, clock=clock)

    assert found.open_runs == ("open",)
    assert (ledger.run("ended").ended_at, ledger.run("open").ended_at) == (before, clock.now)
    assert version(ledger.engine) == NEXT


def test_an_empty_database_is_upgraded_to_the_present_tables(engine: Engine) -> None:
    assert migrate.look(engine) == migrate.Found(None, stamped=False)

    migrate.upgrade(engine)

    assert migrate.look(engine) == migrate.Found(schema.HEAD, stamped=True)
    compare(engine)
