"""`gate` reaches all four verdicts, `publish` obeys it, `rollback` undoes it, `runs` lists them."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from scorer_core.gate.checks.table import CHECK_NAMES
from scorer_core.gate.decision import Decision
from scorer_core.gate.verdict import Verdict
from scorer_core.ledger.ledger import Ledger
from scorer_core.pool.files import read_columns, write_columns
from scorer_core.publish.publisher import Publisher
from scorer_core.steps.collect import collect
from tests.scorer_core.cli.installation import Installation, cells, the_only_line
from tests.support.damage import damaged_row
from tests.support.own_database import ON_POSTGRESQL, database_of
from tests.support.runs import prepare, run_sweep, sample_pool

pytestmark = pytest.mark.slow

# Random searches on the planted pool: with seed 7, trial 2 sees half of what is planted; with seed 5, trial 5 all.
WEAK = ("--search", "random", "--seed", 7, "--n-trials", 3)
STRONG = ("--search", "random", "--seed", 5, "--n-trials", 6)


@dataclass(frozen=True)
class History:
    """An installation with two runs, each decided and published in its turn: the second on a pool twice as large."""

    installation: Installation
    folder: Path

    @classmethod
    def make(cls, folder: Path, pool: Path) -> History:
        installation = Installation(folder / "home")
        columns = read_columns(pool)
        half = {name: column[::2] for name, column in columns.items()}
        write_columns(folder / "half.npz", half)
        for name, rows, options in (("weak", folder / "half.npz", WEAK), ("strong", pool, STRONG)):
            run = folder / name
            assert installation.scorer("search", "--pool", rows, *options, "--out", run).exit_code == 0
            assert installation.scorer("gate", "--run", run).exit_code == 0
            assert installation.scorer("publish", "--run", run).exit_code == 0
        return cls(installation, folder)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory, planted: Path) -> History:
    """Shared: tests may add runs to it, and publish nothing."""
    return History.make(tmp_path_factory.mktemp("history"), planted)


@dataclass(frozen=True)
class RolledBack:
    """A history that was rolled back, twice: what was said, and what was published then."""

    history: History
    said: tuple[Result, Result]
    published: bytes


@pytest.fixture(scope="module")
def rolled_back(tmp_path_factory: pytest.TempPathFactory, planted: Path) -> RolledBack:
    """Shared: what is published in it now may be another."""
    history = History.make(tmp_path_factory.mktemp("rolled-back"), planted)
    said = history.installation.scorer("rollback"), history.installation.scorer("rollback")
    return RolledBack(history, said, published(history.installation).read_bytes())


def published(installation: Installation) -> Path:
    return installation.home / "published" / "optimal_scorer_config.json"


def test_a_better_config_is_published_and_the_previous_one_archived(history: History) -> None:
    config = published(history.installation)
    context = json.loads(config.read_text())["_run_context"]

    assert config.read_bytes() == (history.folder / "strong" / "optimal_scorer_config.json").read_bytes()
    assert context["gate"]["verdict"] == "PUBLISH"
    assert (context["budget"], context["trials_reported"], context["nodes"]) == (6, 6, ["in-process"])
    (archived,) = (history.installation.home / "published" / "archive").iterdir()
    assert archived.read_bytes() == (history.folder / "weak" / "optimal_scorer_config.json").read_bytes()


def test_publish_says_where_things_are_and_twice_is_once(history: History) -> None:
    again = history.installation.scorer("publish", "--run", history.folder / "strong")

    assert again.exit_code == 0
    assert again.stdout.splitlines() == [
        f"published  {published(history.installation)}",
        f"archived   {history.installation.home}/published/archive/000001.json",
    ]
    assert len(list((history.installation.home / "published" / "archive").iterdir())) == 1


def test_rollback_restores_the_previous_config_byte_for_byte(rolled_back: RolledBack) -> None:
    history, (done, nothing_left) = rolled_back.history, rolled_back.said

    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == f"published   {published(history.installation)}"
    assert rolled_back.published == (history.folder / "weak" / "optimal_scorer_config.json").read_bytes()
    assert nothing_left.exit_code == 2
    assert "nothing is archived" in the_only_line(nothing_left.stderr)


def test_rollback_puts_back_nothing_that_no_run_could_read(installation: Installation) -> None:
    publisher = Publisher(installation.home / "published")
    for content in (b"torn", b'{"present": "one"}'):
        publisher.publish(content)

    refused = installation.scorer("rollback")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "000001.json: this is no config that can be published" in the_only_line(refused.stderr)
    assert published(installation).read_bytes() == b'{"present": "one"}'


def test_a_folder_with_another_ledgers_files_is_decided_by_nobody(history: History) -> None:
    file = history.folder / "weak" / "run.json"
    before = file.read_text()
    file.write_text(json.dumps(json.loads(before) | {"created_at": "2020-01-01T00:00:00+00:00"}))

    refused = [history.installation.scorer(command, "--run", file.parent) for command in ("gate", "publish")]

    file.write_text(before)
    assert [one.exit_code for one in refused] == [2, 2]
    assert all("holds the files of another run" in the_only_line(one.stderr) for one in refused)


def test_what_was_rolled_back_is_published_again_only_when_asked_for(rolled_back: RolledBack) -> None:
    history = rolled_back.history
    scorer, strong = history.installation.scorer, history.folder / "strong"

    refused = scorer("publish", "--run", strong)
    again = scorer("publish", "--run", strong, "--again")

    assert refused.exit_code == 2
    assert "was withdrawn" in the_only_line(refused.stderr)
    assert again.exit_code == 0
    assert published(history.installation).read_bytes() == (strong / "optimal_scorer_config.json").read_bytes()


def test_a_config_that_is_no_better_keeps_the_champion(history: History, planted: Path) -> None:
    before = published(history.installation).read_bytes()
    run = history.folder / "same"
    history.installation.scorer("search", "--pool", planted, *STRONG, "--out", run)

    decided = history.installation.scorer("gate", "--run", run)
    refused = history.installation.scorer("publish", "--run", run)

    assert decided.exit_code == 3
    assert decided.stdout.startswith("verdict  KEEP_CHAMPION\n")
    assert refused.exit_code == 2
    assert "has the verdict KEEP_CHAMPION. Only PUBLISH publishes" in the_only_line(refused.stderr)
    assert published(history.installation).read_bytes() == before


def test_a_small_pool_is_inconclusive(installation: Installation, small: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    installation.scorer("search", "--pool", small, "--search", "tpe", "--n-trials", 8, "--seed", 1, "--out", run)

    decided = installation.process("gate", "--run", run)

    assert decided.returncode == 5
    assert decided.stdout.startswith(b"verdict  INCONCLUSIVE\n")
    assert decided.stderr == b""


def test_what_a_whole_sweep_excludes_is_rejected(installation: Installation) -> None:
    context = prepare(installation.home, sample_pool("null", size=3_000), search="sweep", min_lift=4.0)
    run_sweep(context)
    collect(context, None)

    decided = installation.scorer("gate", "--run", context.files.location)

    assert decided.exit_code == 4
    assert decided.stdout.startswith("verdict  REJECT\n")
    assert "none reaches 4." in decided.stdout


def test_the_gate_tells_verdict_reason_and_checks(history: History) -> None:
    table = history.installation.scorer("gate", "--run", history.folder / "strong")
    document = history.installation.scorer("gate", "--run", history.folder / "strong", "--json")

    decision = Decision.from_json(json.loads(document.stdout))
    assert (decision.verdict, document.exit_code, document.stderr) == (Verdict.PUBLISH, 0, "")
    assert decision.reason in table.stdout
    told = [line.split("│")[1:4] for line in table.stdout.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row][:2] for row in told if row[0].strip()] == [
        [name, "yes"] for name in CHECK_NAMES
    ]
    assert json.loads((history.folder / "strong" / "verdict.json").read_text()) == decision.to_json()


def test_a_decision_is_made_once_and_spends_alpha_once(history: History) -> None:
    """The weak run would be beaten today; its verdict stays what it was."""
    decisions = [
        json.loads(history.installation.scorer("gate", "--run", history.folder / name, "--json").stdout)
        for name in ("weak", "strong", "weak")
    ]

    assert [decision["decision"] for decision in decisions] == [1, 2, 1]
    assert decisions[0] == decisions[2]


def test_summary_and_report_tell_what_was_decided_later(history: History) -> None:
    summary = json.loads((history.folder / "strong" / "summary.json").read_text())

    assert summary["verdict"] == "PUBLISH"
    assert summary["published"]["config"] == str(published(history.installation))
    assert "PUBLISH" in (history.folder / "strong" / "report.html").read_text()


def test_runs_lists_them_the_newest_first(history: History, small: Path) -> None:
    history.installation.scorer(
        "search",
        "--pool",
        small,
        "--search",
        "tpe",
        "--n-trials",
        2,
        "--seed",
        1,
        "--out",
        history.folder / "undecided",
    )

    listed = json.loads(history.installation.scorer("runs", "--json").stdout)
    table = history.installation.scorer("runs").stdout

    listed = [run for run in listed if Path(run["folder"]).name in ("undecided", "strong", "weak")]
    assert [Path(run["folder"]).name for run in listed] == ["undecided", "strong", "weak"]
    assert [run["verdict"] for run in listed] == [None, "PUBLISH", "PUBLISH"]
    assert [(run["trials_done"], run["budget"]) for run in listed] == [(2, 2), (6, 6), (3, 3)]
    best = json.loads((history.folder / "strong" / "summary.json").read_text())["best"]["objective"]
    assert listed[1]["best_objective"] == best
    for run in listed:
        assert run["run_id"] in table
        line = next(line for line in table.splitlines() if run["run_id"] in line)
        assert (run["pool"], run["engine"]) == (cells(line)[1], cells(line)[2])
        assert ("published" in cells(line)) is run["published"] is (Path(run["folder"]).name == "strong")
    assert f"{best:.4f}" in table
    assert "6/6" in table


def test_a_run_in_the_middle_is_listed_too(history: History) -> None:
    """A search that was killed leaves its tickets as they were."""
    ledger = Ledger(database_of(history.installation.home))
    run = ledger.runs()[0]
    sums = {name: getattr(run, name) for name in ("worker_sha256", "pool_sha256", "pool_content")}
    ledger.open_run("cut short", run.spec, **sums, folder=str(history.folder / "cut"))

    listed = {run["run_id"]: run for run in json.loads(history.installation.scorer("runs", "--json").stdout)}

    assert (listed["cut short"]["trials_done"], listed["cut short"]["budget"]) == (0, run.spec.n_trials)
    assert (listed["cut short"]["best_objective"], listed["cut short"]["verdict"]) == (None, None)


DAMAGE = ["spec = '{}'", *(["spec = 'torn'", "created_at = 'x'"] if not ON_POSTGRESQL else [])]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_run_whose_row_cannot_be_read_hides_no_other_and_is_named(history: History, damage: str) -> None:
    ledger = Ledger(database_of(history.installation.home))
    whole, damaged = [run.run_id for run in ledger.runs()][:2]

    with damaged_row(ledger.engine, damaged, damage):
        listed = history.installation.process("runs")

    assert listed.returncode == 0
    assert whole in listed.stdout.decode()
    assert damaged in (listed.stdout + listed.stderr).decode()
    assert b"Traceback" not in listed.stderr


def test_without_a_verdict_nothing_is_published(installation: Installation, small: Path, tmp_path: Path) -> None:
    installation.scorer(
        "search", "--pool", small, "--search", "tpe", "--n-trials", 2, "--seed", 1, "--out", tmp_path / "run"
    )

    failed = installation.scorer("publish", "--run", tmp_path / "run")

    assert failed.exit_code == 2
    assert "has no verdict yet; run the gate first" in the_only_line(failed.stderr)
    assert not published(installation).exists()


@pytest.mark.parametrize("command", ["gate", "publish"])
def test_what_is_no_run_is_named(installation: Installation, small: Path, tmp_path: Path, command: str) -> None:
    run, copy, empty = tmp_path / "run", tmp_path / "copy", tmp_path / "empty"
    installation.scorer("search", "--pool", small, "--search", "tpe", "--n-trials", 1, "--seed", 1, "--out", run)
    shutil.copytree(run, copy)
    empty.mkdir()
    elsewhere: dict[str, Any] = {"home": tmp_path / "other-home"}

    for folder, settings, message in (
        (empty, {}, f"{empty}: not a run folder"),
        (tmp_path / "none", {}, f"{tmp_path / 'none'}: not a run folder"),
        (copy, {}, f"was made in {run}. Name that folder, or move this one back."),
        (run, elsewhere, "the ledger knows no run"),
    ):
        failed = installation.scorer(command, "--run", folder, **settings)

        assert (failed.exit_code, failed.stdout) == (2, "")
        assert message in the_only_line(failed.stderr)


def test_a_run_may_be_named_by_a_relative_path(
    installation: Installation, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    installation.scorer("search", "--pool", small, "--search", "tpe", "--n-trials", 2, "--seed", 1, "--out", "run")
    monkeypatch.chdir(tmp_path / "run")

    assert installation.scorer("gate", "--run", ".").exit_code in (4, 5)
