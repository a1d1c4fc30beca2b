"""`scorer show` shows one run of the ledger at a glance, and says so when there is none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scorer_core.cli.app import app
from scorer_core.steps.collect import collect
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.report import report
from tests.support.own_database import database_of
from tests.support.runs import PLANTED_CONFIG, prepare, run_trials, sample_pool

pytestmark = pytest.mark.slow


@pytest.fixture
def decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a run that was decided; returns the run's folder."""
    monkeypatch.setenv("SCORER_HOME", str(tmp_path))
    monkeypatch.setenv("SCORER_HEAD_SWEEP_ROWS", "0")
    monkeypatch.setenv("SCORER_DATABASE_URL", database_of(tmp_path))
    context = prepare(tmp_path, sample_pool(), "night")
    run_trials(context, first=PLANTED_CONFIG)
    collect(context, None)
    quality_gate(context)
    report(context)
    return Path(context.files.location)


def test_it_shows_trials_candidate_proof_and_verdict(decided: Path) -> None:
    gate = json.loads((decided / "verdict.json").read_text())

    shown = CliRunner().invoke(app, ["show", "night"])

    assert shown.exit_code == 0, shown.output
    assert "20 / 20 / 20 of 20" in shown.output
    assert f"{gate['proof']['guaranteed_lift']:.3f}, with 95 % confidence" in shown.output
    assert f"PUBLISH: {gate['reason']}" in shown.output
    assert json.loads(CliRunner().invoke(app, ["show", "night", "--json"]).output)["verdict"] == "PUBLISH"


def test_a_run_whose_folder_is_gone_is_told_from_the_ledger(decided: Path) -> None:
    shutil.rmtree(decided)

    shown = CliRunner().invoke(app, ["show", "night"])

    assert shown.exit_code == 0, shown.output
    assert "Its folder is no longer kept." in shown.output
    assert "PUBLISH: Publish the config with" in shown.output


def test_a_run_that_the_ledger_does_not_know_is_one_line(decided: Path) -> None:
    shown = CliRunner().invoke(app, ["show", "day"])

    assert shown.exit_code == 2
    assert "the ledger knows no run 'day'" in shown.output
