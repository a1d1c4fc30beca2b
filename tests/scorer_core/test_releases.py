"""What earlier releases left is read by this one: each folder `tests/data/release-*` is an installation of one.

A release adds its folder with `tests.support.release`; no test here names a release.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command

from scorer_core.context import RunContext, open_ledger
from scorer_core.errors import RunError
from scorer_core.ledger import migrate, schema
from scorer_core.ledger.database import open_engine
from scorer_core.ledger.keys import taken
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.overview import run_overviews
from scorer_core.ledger.verdicts import all_settled
from scorer_core.run.folder import RunFiles
from scorer_core.run.trials import TicketState
from scorer_core.settings import Settings
from scorer_core.steps.collect import collect
from scorer_core.steps.prepare_run import prepare_pool_run
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.report import report
from tests.support.prepared import make_settings
from tests.support.release import CONF, strong_pool
from tests.support.runs import PLANTED_CONFIG, run_trials

RELEASES = sorted((Path(__file__).parents[1] / "data").glob("release-*"))
PUBLISHED, OPEN = "published", "open"


@pytest.fixture(params=RELEASES, ids=lambda folder: folder.name)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the installation that a release left."""
    copy = tmp_path / "home"
    shutil.copytree(request.param, copy)
    return copy


@pytest.fixture
def ledger(home: Path) -> Ledger:
    """Its ledger, opened by this release after the upgrade that it may need."""
    settings = settings_of(home)
    migrate.upgrade(Ledger(settings.database_url).engine, abandon=True)
    return open_ledger(settings)


def settings_of(home: Path) -> Settings:
    """Return its settings: what a release left is a file of SQLite's, whatever other tests have."""
    return make_settings(home, database_url=f"sqlite:///{home / 'scorer.db'}")


def context_of(home: Path, ledger: Ledger, run_id: str) -> RunContext:
    """Return a run of the installation, which has moved."""
    return RunContext(settings_of(home), ledger, replace(ledger.run(run_id), folder=str(home / "runs" / run_id)))


def test_there_is_a_release_to_read() -> None:
    assert "release-0.1.0" in {folder.name for folder in RELEASES}


def test_the_first_migration_is_the_schema_of_release_0_1_0(tmp_path: Path) -> None:
    (first,) = [folder for folder in RELEASES if folder.name == "release-0.1.0"]
    shutil.copy(first / "scorer.db", tmp_path / "old.db")
    engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")
    with engine.begin() as connection:
        command.upgrade(migrate.alembic_config(connection), migrate.RELEASE_0_1_0)
    engine.dispose()

    old, new = (made_by(tmp_path / name) for name in ("old.db", "new.db"))

    assert set(old) == {f"scorer_{name}" for name in ("runs", "tickets", "failures", "rigs", "decisions")}
    assert {name: new[name] for name in old} == old


def made_by(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return each table's columns, keys, references and indexes, as SQLite tells them."""
    with sqlite3.connect(database) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'scorer_%'")
        tables = [name for (name,) in names if name != schema.VERSION_TABLE]
        return {
            table: [
                row
                for fact in ("table_info", "foreign_key_list", "index_list")
                for row in sorted(connection.execute(f"PRAGMA {fact}({table})").fetchall(), key=str)
            ]
            for table in tables
        }


def test_its_open_run_stops_an_upgrade_until_it_is_abandoned(home: Path) -> None:
    ledger = Ledger(settings_of(home).database_url)

    with pytest.raises(RunError, match="runs are open: open. Wait until"):
        migrate.upgrade(ledger.engine)
    migrate.upgrade(ledger.engine, abandon=True)

    ledger.create_tables()
    assert ledger.run(OPEN).ended_at is not None


def test_its_runs_and_tickets_are_read(ledger: Ledger) -> None:
    assert {run.run_id for run in ledger.runs()} == {PUBLISHED, OPEN}
    assert ledger.run(PUBLISHED).spec.sample_size == CONF["sample_size"]
    assert ledger.counts(PUBLISHED) | {TicketState.DONE: 11, TicketState.FAILED: 1} == ledger.counts(PUBLISHED)
    assert [ticket.number for ticket in ledger.tickets(PUBLISHED) if ticket.result is None] == [5]
    assert {failure.number for failure in ledger.failures(PUBLISHED)} == {5}


def test_its_decisions_are_read(ledger: Ledger) -> None:
    (asked,), (decided,) = taken(ledger.engine), all_settled(ledger.engine)

    assert (asked.run_id, asked.number, asked.alpha) == (PUBLISHED, 1, 0.01)
    assert (decided.run_id, decided.number, decided.verdict) == (PUBLISHED, 1, "PUBLISH")


def test_its_runs_are_listed(ledger: Ledger) -> None:
    overviews = {overview.run_id: overview for overview in run_overviews(ledger.engine)}

    assert {name: (one.trials_done, one.verdict) for name, one in overviews.items()} == {
        PUBLISHED: (11, "PUBLISH"),
        OPEN: (4, None),
    }


def test_its_run_is_reported_again(home: Path, ledger: Ledger) -> None:
    context = context_of(home, ledger, PUBLISHED)
    before = context.files.summary.read_json()

    page = Path(report(context)).read_text()

    assert "PUBLISH" in page
    assert context.files.summary.read_json()["best"] == before["best"]


def test_the_verdict_on_its_run_stands(home: Path, ledger: Ledger) -> None:
    context = context_of(home, ledger, PUBLISHED)
    before = context.files.verdict.read_json()

    decision = quality_gate(context)

    assert (decision.verdict.value, decision.reason, decision.number) == (before["verdict"], before["reason"], 1)
    assert decision.candidate is not None
    assert decision.candidate.params == before["candidate"]["params"]
    assert context.files.verdict.read_json() == before


def test_its_run_is_not_decided_anew_without_its_verdict(home: Path, ledger: Ledger) -> None:
    """It was searched on a part of the pool, and the other part was for one look."""
    context = context_of(home, ledger, PUBLISHED)
    context.files.store.remove("verdict.json")

    with pytest.raises(RunError, match="an earlier release decided PUBLISH, and its file is gone. Search again"):
        quality_gate(context)


def test_its_published_config_is_the_champion_of_a_new_run(home: Path, ledger: Ledger) -> None:
    settings = settings_of(home)
    spec = ledger.run(PUBLISHED).spec
    context = prepare_pool_run(settings, "new", spec, strong_pool(), RunFiles.at(home / "runs" / "new"))
    run_trials(context, first=PLANTED_CONFIG)
    collect(context, None)

    decision = quality_gate(context)

    assert decision.number == 2, "what it decided counts"
    assert decision.champion is not None
    assert (decision.champion.same_mask, decision.champion.fresh_rows) == (True, 0)
    assert "Which rows the published config was published from is not known" in decision.reason


def test_its_study_of_record_is_left_alone(home: Path, ledger: Ledger) -> None:
    with sqlite3.connect(home / "scorer.db") as database:
        attributes = dict(database.execute("SELECT key, value_json FROM study_user_attributes"))
        optunas = database.execute("SELECT count(*) FROM alembic_version").fetchone()

    assert json.loads(attributes["run_id"]) == PUBLISHED
    assert optunas == (1,)
