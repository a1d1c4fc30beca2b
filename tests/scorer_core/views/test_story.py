"""What is told of a run that is over, in this release or an earlier one: with its folder, without, with odd files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scorer_core.context import RunContext
from scorer_core.engines import SearchEngine
from scorer_core.ledger import migrate
from scorer_core.ledger.ledger import Ledger
from scorer_core.report.words import NOTHING
from scorer_core.steps.publish import publish
from scorer_core.steps.report import report
from scorer_core.views.compare import comparison
from scorer_core.views.installation import ANOTHERS, RETIRED, Installation
from scorer_core.views.run_page import run_view
from scorer_core.views.story import Story, story_of
from tests.scorer_core.test_releases import OPEN, PUBLISHED, RELEASES
from tests.support.decided import decided
from tests.support.own_database import copy_installation
from tests.support.prepared import SHARDS, make_settings, prepared
from tests.support.runs import sample_pool

__all__ = ["decided"]

RUN = "run-1"


@pytest.fixture
def over(decided: RunContext, tmp_path: Path) -> Installation:
    """A copy of an installation whose run is over and published."""
    home = tmp_path / "home"
    copy_installation(decided.settings.home, home)
    settings = make_settings(home)
    ledger = Ledger(settings.database_url)
    context = RunContext(settings, ledger, replace(ledger.run(RUN), folder=str(home / "runs" / RUN)))
    publish(context)
    report(context)
    return Installation.of(settings)


def told(installation: Installation) -> Story:
    return story_of(run_view(installation, RUN))


def test_a_run_with_its_folder_tells_all_that_its_report_tells(over: Installation) -> None:
    view = run_view(over, RUN)
    story = story_of(view)

    assert (story.banner.label, story.banner.aftermath) == ("PUBLISH", "Its config is the published one.")
    assert len(story.checks) == 6
    assert (story.whose, len(story.config)) == ("The candidate", 11)
    assert [bar["label"] for bar in story.shares] == ["all rows", "kept by the candidate"]
    assert (view.has_report, view.no_files) == (True, "")
    assert str(over.settings.home) not in repr(story)


def test_a_run_whose_folder_was_retired_is_told_from_the_ledger(over: Installation) -> None:
    before = told(over)
    shutil.rmtree(over.settings.home / "runs" / RUN)

    view = run_view(over, RUN)
    story = story_of(view)

    assert (view.no_files, view.has_report) == (RETIRED, False)
    assert (story.checks, story.config, story.banner) == (before.checks, before.config, before.banner)
    assert story.tiles == before.tiles


def test_a_folder_that_holds_another_run_is_not_read(over: Installation) -> None:
    file = over.settings.home / "runs" / RUN / "run.json"
    file.write_text(file.read_text().replace('"created_at": "2', '"created_at": "1'))

    assert run_view(over, RUN).no_files == ANOTHERS


@pytest.mark.parametrize("name", ["summary.json", "run.json", "verdict.json", "published.json", "evidence.json"])
@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b"null", b"\xff\xfe"])
def test_odd_files_cost_what_they_would_have_told_and_nothing_else(
    over: Installation, name: str, content: bytes
) -> None:
    (over.settings.home / "runs" / RUN / name).write_bytes(content)

    story = told(over)

    assert story.banner.label == "PUBLISH"
    assert len(story.checks) == 6


def test_two_runs_differ_where_they_do(over: Installation) -> None:
    found = comparison(over, RUN, RUN)

    assert [row for _, rows in found.groups for row in rows if row.differs] == []
    assert [row for _, rows in found.groups for row in rows if row.one == NOTHING == row.other] == []


@pytest.fixture(params=RELEASES, ids=lambda folder: folder.name)
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    """What an earlier release left, with the ledger's tables brought up to date."""
    home = tmp_path / "home"
    shutil.copytree(request.param, home)
    settings = make_settings(home, database_url=f"sqlite:///{home / 'scorer.db'}")
    migrate.upgrade(Ledger(settings.database_url).engine, abandon=True)
    return Installation.of(settings)


@pytest.mark.parametrize("retired", [False, True])
def test_runs_of_earlier_releases_stay_readable(earlier: Installation, retired: bool) -> None:
    if retired:
        shutil.rmtree(earlier.settings.home / "runs")

    published, still_open = (story_of(run_view(earlier, run_id)) for run_id in (PUBLISHED, OPEN))

    assert published.banner.label == "PUBLISH"
    assert still_open.banner.label == "NO VERDICT"
    assert bool(published.checks) is not retired


def test_a_sweep_and_a_search_that_samples_stand_side_by_side(over: Installation) -> None:
    prepared(over.settings, sample_pool(size=3000), "swept", search="sweep")

    groups = dict(comparison(over, RUN, "swept").groups)

    assert {"Shards", "Trials"} & set(groups) == set()
    budget = next(row for row in groups["Tickets"] if row.name == "budget")
    assert (budget.one, budget.other) == ("20", str(SHARDS))


def test_a_run_that_sweeps_has_a_best_shard(over: Installation) -> None:
    view = run_view(over, RUN)
    swept = view.summary.spec.model_copy(update={"search": SearchEngine.SWEEP})

    story = story_of(replace(view, summary=replace(view.summary, spec=swept, gate=None)))

    assert story.whose == "The best shard"
