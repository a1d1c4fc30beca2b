"""A whole run whose files are in no folder: nothing but the store knows where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer_core.context import RunContext
from scorer_core.gate.verdict import Verdict
from scorer_core.report.summary import read_summary
from scorer_core.run.folder import RunFiles
from scorer_core.run.store import open_store
from scorer_core.settings import Settings
from scorer_core.spec import RunSpec
from scorer_core.steps.clean_artifacts import clean_head
from scorer_core.steps.collect import collect
from scorer_core.steps.prepare_run import prepare_pool_run
from scorer_core.steps.publish import publish
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.report import report
from tests.support.memory_store import memory_store
from tests.support.runs import PLANTED_CONFIG, run_trials, sample_pool

pytestmark = pytest.mark.slow

__all__ = ["memory_store"]


def test_a_run_is_prepared_searched_decided_published_and_shown(memory_store: str, tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path, "runs_dir": f"{memory_store}://lab/runs"})
    spec = RunSpec.from_conf({"n_trials": 20, "sample_size": 2000, "search": "random", "seed": 1})
    prepare_pool_run(settings, "run-1", spec, sample_pool(), RunFiles.of(settings.runs_dir, "run-1"))
    context = RunContext.load("run-1", settings)
    run_trials(context, first=PLANTED_CONFIG)
    collect(context, None)

    assert quality_gate(context).verdict is Verdict.PUBLISH
    publish(context)
    where = report(context)

    assert where == "memory://lab/runs/run-1/report.html"
    assert b"Published as" in context.files.report.read_bytes()
    assert read_summary(context.files).folder == "memory://lab/runs/run-1"
    assert context.publisher.is_published(context.files.config.read_bytes())
    assert not (tmp_path / "runs").exists()


def test_old_runs_are_cleaned_away(memory_store: str, tmp_path: Path) -> None:
    places = {"home": tmp_path, "runs_dir": f"{memory_store}://lab/runs", "keep_runs": 1, "keep_days": 1e-9}
    settings = Settings.model_validate(places)
    spec = RunSpec.from_conf({"n_trials": 6, "sample_size": None, "search": "random", "seed": 1})
    for run_id in ("old", "now", "new"):
        context = prepare_pool_run(
            settings, run_id, spec, sample_pool(size=3000), RunFiles.of(settings.runs_dir, run_id)
        )
        context.ledger.end_run(run_id)

    assert clean_head(RunContext.load("now", settings)) == ["old"]
    assert set(open_store(settings.runs_dir).entries()) == {"now", "new"}
