"""This run's config stands beside the one that was published when its gate decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scorer_core.context import RunContext
from scorer_core.publish.publisher import Publisher
from scorer_core.report.beside import config_record
from scorer_core.report.side_by_side import Row, SideBySide, side_by_side
from scorer_core.report.summary import build_summary
from scorer_core.run.files import json_bytes
from scorer_core.run.trials import read_trials
from scorer_core.steps.report import report
from tests.scorer_core.report.test_page import Page, copy_of, page_of

CONTEXT = "_run_context"


def compared(context: RunContext, gate: Mapping[str, Any] | None = None, **changes: Any) -> SideBySide:
    """Compare a run's config with what was published before it."""
    summary = build_summary(context.record, context.files, read_trials(context.files), {})
    found = side_by_side(replace(summary, gate={**(summary.gate or {}), **(gate or {})}, **changes))
    assert found is not None
    return found


def published(context: RunContext, **params: Any) -> dict[str, Any]:
    """Return what is shown of a published config: this run's own one, with other parameters."""
    return config_record({**context.files.config.read_json(), **params}, CONTEXT)


def own(context: RunContext) -> dict[str, Any]:
    """Return the parameters of a run's candidate."""
    params: dict[str, Any] = context.files.verdict.read_json()["candidate"]["params"]
    return params


def test_where_nothing_was_published_the_report_says_so(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))

    assert "This config and the published one Nothing was published when the gate decided" in page.text
    assert f"Value is This config residue_mod_1 the objective searched {own(decided)['residue_mod_1']} " in page.text
    assert "≠" not in page.text


def test_parameters_that_differ_are_marked_in_both_and_counted(decided: RunContext) -> None:
    found = compared(decided, published_before=published(decided, residue_mod_1=7, dropout=0.25))

    rows = {row.name: row for row in found.parameters}
    assert found.told.startswith("2 parameters differ, marked ≠.")
    assert rows["residue_mod_1"] == Row(
        "residue_mod_1", "7", str(own(decided)["residue_mod_1"]), seen=True, source="searched"
    )
    assert {name for name, row in rows.items() if row.differs} == {"residue_mod_1", "dropout"}
    assert found.before_run == decided.run_id


def test_the_numbers_that_matter_stand_beside_each_other(decided: RunContext) -> None:
    gate = decided.files.verdict.read_json()
    counts = gate["candidate"]["evaluation"]["counts"]
    standing = {"objective": 0.25, "kept": 1000, "minority_kept": 100}
    before = {**published(decided), "guaranteed_lift": 1.5}

    rows = {row.name: row for row in compared(decided, {"champion": standing}, published_before=before).numbers}

    assert rows["guaranteed lift"].before == "× 1.5"
    assert rows["guaranteed lift"].now == f"× {gate['proof']['guaranteed_lift']:.3g}"
    assert (rows["rows kept of this pool"].before, rows["minority among them"].before) == ("1,000", "10.0%")
    assert rows["minority among them"].now == f"{counts['minority_kept'] / counts['kept']:.1%}"
    assert rows["objective on this pool"].differs
    assert not rows["cross-fitted lift"].differs


def test_a_published_file_that_is_gone_is_said_and_what_the_gate_saw_of_it_stays(decided: RunContext) -> None:
    gone = compared(decided, {"replaces": "a" * 64})
    seen = compared(decided, {"replaces": "a" * 64, "champion": {"objective": 0.25, "kept": 10, "minority_kept": 1}})

    assert (gone.has_before, seen.has_before) == (False, True)
    assert "is not there any more" in gone.told
    assert "what the gate saw of it is" in seen.told


def test_a_run_without_a_candidate_compares_nothing(decided: RunContext) -> None:
    summary = build_summary(decided.record, decided.files, read_trials(decided.files), {})

    assert side_by_side(replace(summary, gate=None)) is None


@pytest.mark.parametrize("archived", [False, True])
def test_the_report_finds_what_was_published_also_where_it_is_archived_by_now(
    decided: RunContext, tmp_path: Path, archived: bool
) -> None:
    settings = decided.settings.model_copy(update={"publish_dir": tmp_path / "published"})
    publisher, files = Publisher(settings.publish_dir), copy_of(decided, tmp_path)
    publisher.publish(json_bytes({**decided.files.config.read_json(), "dropout": 0.25}))
    fingerprint = (publisher.current() or ({}, ""))[1]
    if archived:
        publisher.publish(decided.files.config.read_bytes())
    files.verdict.write_json({**files.verdict.read_json(), "replaces": fingerprint})
    record = replace(decided.record, folder=files.location)

    page = Page(Path(report(RunContext(settings, decided.ledger, record))))

    assert "1 parameter differs, marked ≠." in page.text
    assert f"The published one is of run {decided.run_id}." in page.text
    assert "dropout later steps only default 0.25 ≠ 0.3" in page.text


def test_a_config_without_a_gate_block_is_shown_by_its_parameters() -> None:
    told = config_record({"dropout": 0.1, CONTEXT: {"run_id": "old"}}, CONTEXT)

    assert (told["run_id"], told["params"], told["guaranteed_lift"]) == ("old", {"dropout": 0.1}, None)


@pytest.mark.parametrize("odd", [[], {"gate": []}, {"gate": {"proof": 3}}])
def test_an_odd_config_is_none_to_compare_with(odd: object) -> None:
    with pytest.raises(TypeError, match="no JSON object"):
        config_record({"dropout": 0.1, CONTEXT: odd}, CONTEXT)
