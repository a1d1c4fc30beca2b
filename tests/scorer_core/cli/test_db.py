"""`scorer db status` and `scorer db upgrade`: what they say, change and refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer_core.ledger import schema
from tests.scorer_core.cli.installation import Installation, the_only_line
from tests.support import lent
from tests.support.pools import small_pool
from tests.support.runs import prepare
from tests.support.schemas import release_the_next


@pytest.mark.usefixtures("no_tables")
def test_status_of_an_empty_database(installation: Installation) -> None:
    told = installation.scorer("db", "status")

    assert told.exit_code == 0
    assert [line.split() for line in told.stdout.splitlines()] == [
        ["tables", "none", "yet"],
        ["this", "release", schema.HEAD],
        ["open", "runs", "none"],
    ]


def test_status_names_the_open_runs_and_changes_nothing(installation: Installation) -> None:
    prepare(installation.home, small_pool(600), "run-1")

    first, again = installation.scorer("db", "status"), installation.scorer("db", "status")

    assert (first.exit_code, first.stdout) == (0, again.stdout)
    assert first.stdout.splitlines()[-1].split() == ["open", "runs", "run-1"]


def test_status_of_an_earlier_releases_tables_is_exit_code_2_with_the_next_step(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installation.scorer("runs")
    before = schema.HEAD
    release_the_next(monkeypatch, tmp_path)

    told = installation.scorer("db", "status")

    assert (told.exit_code, told.stdout.split()[:2]) == (2, ["tables", before])
    assert the_only_line(told.stderr).endswith("When no run is open, run `scorer db upgrade`.")


def test_upgrade_is_refused_while_a_run_is_open_and_abandons_it_when_told(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = prepare(installation.home, small_pool(600), "run-1")
    before = schema.HEAD
    release_the_next(monkeypatch, tmp_path)

    refused = installation.scorer("db", "upgrade")
    done = installation.scorer("db", "upgrade", "--abandon")
    again = installation.scorer("db", "upgrade")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert the_only_line(refused.stderr).startswith("error: runs are open: run-1. Wait until")
    assert (done.exit_code, again.exit_code) == (0, 0)
    assert done.stdout.split("\n")[:2] == [f"tables     were {before}, are next", "abandoned  run-1"]
    assert again.stdout.split("\n")[:2] == ["tables     were next, are next", "abandoned  none"]
    assert context.ledger.run("run-1").ended_at is not None
    assert installation.scorer("runs").exit_code == 0


@pytest.mark.usefixtures("no_tables")
def test_a_step_before_services_start_leaves_present_tables_and_open_runs_alone(installation: Installation) -> None:
    made = installation.scorer("db", "upgrade", "--if-needed")
    context = prepare(installation.home, small_pool(600), "run-1")

    again = installation.scorer("db", "upgrade", "--if-needed")

    assert (made.exit_code, again.exit_code) == (0, 0)
    assert made.stdout.splitlines()[0].split() == ["tables", "were", "none", "yet,", "are", schema.HEAD]
    assert again.stdout.splitlines()[1].split() == ["abandoned", "none"]
    assert context.ledger.run("run-1").ended_at is None


def test_that_step_upgrades_earlier_tables_and_still_refuses_to_under_an_open_run(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = schema.HEAD
    context = prepare(installation.home, small_pool(600), "run-1")
    release_the_next(monkeypatch, tmp_path)

    refused = installation.scorer("db", "upgrade", "--if-needed")
    context.ledger.end_run("run-1")
    done = installation.scorer("db", "upgrade", "--if-needed")

    assert (refused.exit_code, done.exit_code) == (2, 0)
    assert done.stdout.splitlines()[0].split() == ["tables", "were", f"{before},", "are", "next"]


def test_a_database_that_is_behind_is_one_line_for_every_command(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installation.scorer("runs")
    release_the_next(monkeypatch, tmp_path)

    refused = installation.scorer("runs")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "run `scorer db upgrade`" in the_only_line(refused.stderr)


@pytest.mark.parametrize("command", ["status", "upgrade"])
def test_a_database_that_cannot_be_opened_is_one_line_without_its_password(
    installation: Installation, command: str
) -> None:
    nowhere = lent.server().replace("scorer@", "scorer:secret@").replace("/postgres", "/nowhere")

    failed = installation.scorer("db", command, database_url=nowhere)

    assert (failed.exit_code, failed.stdout) == (2, "")
    assert "the ledger's database cannot be opened" in the_only_line(failed.stderr)
    assert 'database "nowhere" does not exist' in failed.stderr
    assert "secret" not in failed.stderr
