"""A rig dies while the whole DAG runs."""

from __future__ import annotations

import optuna
import pytest

from sim.demo.stand import Stand
from tests.e2e.runs import SHARDS, assert_refused, published, sample_sizes
from tests.e2e.watching import LOST, Watched

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_a_rig_that_dies_in_mid_run_costs_no_trial(up: Stand, champion: bytes, watched: Watched) -> None:
    """Triggered in the browser, a sweep on 450 rows; on random labels, too few to tell: INCONCLUSIVE."""
    ended, run_id = watched.ended, watched.run_id

    collected = ended.files.collected.read_json()
    study = optuna.load_study(study_name=f"scorer/{run_id}", storage=up.settings.database_url)
    assert (collected["executed"], collected["reported"]) == (SHARDS, SHARDS)
    assert list(collected["unreachable"]) == [LOST]
    assert {trial.state.name for trial in study.trials} == {"COMPLETE"}
    assert sample_sizes(ended.files) == {450: SHARDS}
    assert ended.verdict["verdict"] == "INCONCLUSIVE"
    assert_refused(ended, "allowed for decision 2 of this installation")
    assert published(up) == champion
