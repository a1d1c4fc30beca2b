"""`scorer champion` shows what is published, and says so when nothing is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scorer_core.cli.app import app

CONFIG = {
    "residue_mod_1": 6,
    "dropout": 0.2,
    "_run_context": {
        "run_id": "night-7",
        "mask_policy": "max_offset",
        "parameter_sources": {"residue_mod_1": "searched", "dropout": "default"},
    },
}


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCORER_HOME", str(tmp_path))
    (tmp_path / "published").mkdir()
    return tmp_path / "published" / "optimal_scorer_config.json"


def test_it_shows_the_run_and_the_source_of_each_parameter(published: Path) -> None:
    published.write_text(json.dumps(CONFIG))

    shown = CliRunner().invoke(app, ["champion"])

    assert shown.exit_code == 0, shown.output
    lines = [line.replace("│", " ").split() for line in shown.output.splitlines()]
    assert ["run", "night-7"] in lines
    assert ["residue_mod_1", "6", "searched", "yes"] in lines
    assert ["dropout", "0.2", "default", "no"] in lines


def test_as_json_it_is_the_config_itself(published: Path) -> None:
    published.write_text(json.dumps(CONFIG))

    assert json.loads(CliRunner().invoke(app, ["champion", "--json"]).output) == CONFIG


@pytest.mark.usefixtures("published")
def test_with_nothing_published_it_says_so() -> None:
    shown = CliRunner().invoke(app, ["champion"])

    assert shown.exit_code == 2
    assert "nothing is published yet" in shown.output
