"""Given a run's folder or a ledger with odd things in it: the report is written, names them, and the run has ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from scorer_core.context import RunContext
from scorer_core.errors import RunError
from scorer_core.ledger.tables import RunRow
from scorer_core.ledger.verdicts import settled
from scorer_core.report.summary import read_summary
from scorer_core.search.regret import known_regret
from scorer_core.steps.clean_artifacts import held_by_live_runs
from scorer_core.steps.collect import collect
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.report import report, report_on
from tests.support.damage import damaged_row
from tests.support.own_database import ON_POSTGRESQL
from tests.support.runs import prepare, run_sweep, run_trials, sample_pool

ODD_VALUES: list[dict[str, Any]] = [
    {"objective": None},
    {"objective": "best"},
    {"objective": float("nan")},
    {"objective": 10**400},
    {"keep": []},
    {"reason": "foo"},
    {"started_at": "yesterday"},
    {"finished_at": None},
    {"finished_at": "0001-01-01T00:00:00"},
    {"seconds": "1"},
    {"seconds": -1e308},
    {"node": ["rig"]},
    {"gpu": {}},
    {"params": {"max_offset": {"a": 1}}},
    {"params": 7},
    {"state": "lost"},
    {"number": "3"},
    {"mask_policy": "other"},
    {"blind": 5},
    {"failures": [7]},
    {"error": 7},
]
ODD_FILES = {
    "run.json": [b"torn", b"[]", b'{"spec": 7}'],
    "collected.json": [b"\xff", b"7", b"{}"],
    "verdict.json": [b"[" * 100_000, b'"PUBLISH"', b'{"verdict": "MAYBE"}', b'{"verdict": "PUBLISH"}'],
    "evidence.json": [b'{"importance": 7}', b"null", b'{"importance": [{"share": NaN}]}'],
    "published.json": [b"{}", b"[]"],
    "trials.jsonl": [b"", b"\x00\xff\n", b"7\nnull\n[]\n"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    context = prepare(tmp_path_factory.mktemp("home"), sample_pool(size=3000), n_trials=6, sample_size=None)
    run_trials(context)
    collect(context, None)
    quality_gate(context)
    return context


@pytest.fixture
def decided(run: RunContext) -> Iterator[RunContext]:
    """A decided run that has not ended; what a test writes over is put back."""
    with run.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE scorer_runs SET ended_at = NULL"))
    folder = Path(run.files.location)
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    yield run
    for path in set(folder.iterdir()) - set(kept):
        path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)


def reported(context: RunContext) -> str:
    """Write the report; the summary can be read again, and the run has ended."""
    page = Path(report(context)).read_text(encoding="utf-8")
    assert read_summary(context.files).run_id == context.run_id
    assert context.ledger.run(context.run_id).ended_at is not None
    return page


@pytest.mark.parametrize("odd", ODD_VALUES, ids=str)
def test_a_trial_with_an_odd_value_is_left_out_and_named(decided: RunContext, odd: dict[str, Any]) -> None:
    trials = decided.files.trials.read_json_lines()
    Path(decided.files.trials.where).write_text(
        "".join(json.dumps(one) + "\n" for one in [trials[0] | odd, *trials[1:]])
    )

    page = reported(decided)

    assert "Could not be read" in page
    assert "1 of 6 lines, the first: line 1" in read_summary(decided.files).unreadable["trials.jsonl"]
    assert sum(read_summary(decided.files).nodes.values()) == 5


@pytest.mark.parametrize(("name", "content"), [(name, content) for name, all in ODD_FILES.items() for content in all])
def test_a_file_that_is_damaged_costs_what_it_would_have_told(decided: RunContext, name: str, content: bytes) -> None:
    (Path(decided.files.location) / name).write_bytes(content)

    page = reported(decided)

    summary = read_summary(decided.files)
    assert bool(summary.unreadable) is (content != b"")
    assert ("Could not be read" in page) is (content != b"")
    assert summary.tickets == decided.ledger.counts(decided.run_id)


def test_a_verdict_that_cannot_be_read_is_not_told_as_none(decided: RunContext) -> None:
    Path(decided.files.verdict.where).write_bytes(b"torn")

    assert "What the gate decided cannot be shown." in reported(decided)


def test_the_end_is_noted_even_where_no_report_can_be_written(decided: RunContext) -> None:
    Path(decided.files.report.where).unlink(missing_ok=True)
    Path(decided.files.report.where).mkdir()

    try:
        with pytest.raises(OSError, match="report.html"):
            report(decided)
    finally:
        Path(decided.files.report.where).rmdir()

    assert decided.ledger.run(decided.run_id).ended_at is not None


@pytest.mark.parametrize("content", [b"torn", b"[]", b'{"best_objective": "x"}', b'{"best_objective": NaN}'])
def test_a_damaged_verdict_of_another_run_costs_its_regret_alone(tmp_path: Path, content: bytes) -> None:
    context = prepare(tmp_path, sample_pool(size=1000), n_trials=2, sample_size=None)
    other = prepare(tmp_path, sample_pool(size=1000), "run-2", search="sweep")
    context.files.verdict.write_json({"best_objective": 0.1})
    Path(other.files.verdict.where).write_bytes(content)

    assert known_regret(context) is None


@pytest.mark.parametrize("content", [b"torn", b"[]", b'{"optimum": {"objective": NaN}}', b'{"optimum": 7}'])
def test_damaged_evidence_gives_way_to_a_sweeps_optimum(tmp_path: Path, content: bytes) -> None:
    context = prepare(tmp_path, sample_pool(size=1000), n_trials=2, sample_size=None)
    other = prepare(tmp_path, sample_pool(size=1000), "run-2", search="sweep")
    for each, objective in ((context, 0.1), (other, 0.3)):
        each.files.verdict.write_json({"best_objective": objective})
    Path(context.files.evidence.where).write_bytes(content)

    found = known_regret(context)

    assert found is not None
    assert found["regret"] == pytest.approx(0.2)


DAMAGE = ["spec = '{\"version\": 99}'", "spec = '[]'", "spec = '{}'"]
if not ON_POSTGRESQL:  # which refuses what is no JSON and no time
    DAMAGE += ["spec = 'torn'", "created_at = 'x'"]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_row_of_the_ledger_that_cannot_be_read_costs_no_other_run(tmp_path: Path, damage: str) -> None:
    context = prepare(tmp_path, sample_pool(size=1000), n_trials=2, sample_size=None)
    prepare(tmp_path, sample_pool(size=1000), "run-2", n_trials=2)
    run_trials(context)
    collect(context, None)
    with context.ledger.engine.begin() as connection:
        connection.execute(text(f"UPDATE scorer_runs SET {damage} WHERE run_id = 'run-2'"))  # noqa: S608

    quality_gate(context)

    assert [one.run_id for one in context.ledger.runs()][-1] == "run-1"
    assert "run-1" in held_by_live_runs(context)
    reported(context)


@pytest.mark.parametrize("damage", [one for one in DAMAGE if "{}" not in one])  # that is a run of release 0.1.0
def test_a_runs_own_row_that_cannot_be_read_ends_it_all_the_same(
    decided: RunContext, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    own = select(RunRow.__table__).where(RunRow.run_id == decided.run_id)

    with damaged_row(decided.ledger.engine, decided.run_id, damage):
        assert report_on(decided.run_id, decided.settings) == ""

    assert f"row of run {decided.run_id} cannot be read" in caplog.text
    with decided.ledger.engine.connect() as connection:
        assert connection.execute(own).one().ended_at is not None


DECIDES_BY = {
    "run.json": [b"torn", b"[]", b'{"spec": 7}', b"[" * 100_000],
    "trials.jsonl": [b"torn", b"7\n", b"[]\n", b"\xff", b"{}\n"],
    "collected.json": [b"torn", b"7", b"{}", b'{"budget": "x"}'],
    "sweep.json": [b"torn", b"7", b"{}", b'{"fronts": [7], "widest": null}'],
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    pins = {"residue_mod_1": 9, "residue_mod_2": 100, "max_offset": 9}
    context = prepare(tmp_path_factory.mktemp("swept"), sample_pool(size=1000), search="sweep", fixed_params=pins)
    run_sweep(context)
    collect(context, None)
    return context


@pytest.mark.parametrize(("name", "content"), [(name, content) for name, all in DECIDES_BY.items() for content in all])
def test_the_gate_names_the_file_that_it_cannot_decide_by(swept: RunContext, name: str, content: bytes) -> None:
    file = Path(swept.files.location) / name
    kept = file.read_bytes()
    file.write_bytes(content)

    try:
        with pytest.raises(RunError, match=rf"^\S*{name}: cannot be read .*search again\.$") as refused:
            quality_gate(swept)
    finally:
        file.write_bytes(kept)

    assert "\n" not in str(refused.value)
    assert settled(swept.ledger.engine, swept.run_id) is None, "nothing was decided"


def test_rigs_that_are_not_believed_are_named_with_the_first_lie(decided: RunContext) -> None:
    collected = decided.files.collected.read_json()
    collected |= {"distrusted": {"rig-b": "trial 3: it says 2.0"}, "refused": {"rig-a": "2 lines"}, "checked": 1234}
    collected |= {"taken_out": {"rig-b": "its answers are not believed: trial 3: it says 2.0"}}
    decided.files.collected.write_json(collected)

    page = reported(decided)

    assert '<td class="long ill">not believed: trial 3: it says 2.0</td>' in page
    assert "taken out of the run: rig-b" not in page
    assert '<td class="long ill">refused: 2 lines</td>' in page
    assert "<dt>answers that the head computed again</dt><dd>1,234</dd>" in page
