"""A rig dies while the whole DAG runs."""

from __future__ import annotations

from typing import Any

import optuna
import pytest

from scorer_core.run.trials import TicketState
from sim.demo.stand import Stand
from tests.e2e.airflow_ui import logged_in, trigger
from tests.e2e.runs import SHARDS, Ended, assert_refused, known_runs, only, published, sample_sizes
from tests.e2e.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_a_rig_that_dies_in_mid_run_costs_no_trial(up: Stand, planted: dict[str, Any], chromium: str) -> None:
    """Triggered in the browser, a sweep on 450 rows; on random labels, too few to tell: INCONCLUSIVE."""
    known, champion = known_runs(up), published(up)
    with only(up, "head", "rig-6600b", lanes=3):
        with logged_in(up.airflow, chromium) as page:
            trigger(page, up.airflow, {"survivors_path": "null.npz", "sample_size": "450", "min_lift": "1.05"})
            until(lambda: known_runs(up) - known, "the run that the form triggered")
        (run_id,) = known_runs(up) - known
        until(lambda: _done(up, run_id) >= 20, "the first trials")

        up.cluster.kill("rig-6600b")
        ended = Ended.of(up, run_id)

    collected = ended.files.collected.read_json()
    study = optuna.load_study(study_name=f"scorer/{run_id}", storage=up.settings.database_url)
    assert (collected["executed"], collected["reported"]) == (SHARDS, SHARDS)
    assert list(collected["unreachable"]) == ["rig-6600b"]
    assert {trial.state.name for trial in study.trials} == {"COMPLETE"}
    assert sample_sizes(ended.files) == {450: SHARDS}
    assert ended.verdict["verdict"] == "INCONCLUSIVE"
    assert_refused(ended, "allowed for decision 2 of this installation")
    assert published(up) == champion


def _done(up: Stand, run_id: str) -> int:
    known = {run.run_id for run in up.ledger.runs()}
    return up.ledger.counts(run_id)[TicketState.DONE] if run_id in known else 0
