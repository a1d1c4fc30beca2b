"""The whole DAG under a real scheduler, over real SSH. The tests run in the order of this file."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from typing import Any

import numpy as np
import optuna
import pytest

from scorer_core.pool.split import in_search
from scorer_core.pool.survivors import load_pool
from scorer_core.run.files import read_json
from scorer_core.run.folder import RunFiles
from scorer_core.run.trials import TicketState
from sim.demo.client import DAG_ID
from sim.demo.stand import Stand
from tests.e2e.airflow_ui import logged_in, trigger
from tests.e2e.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

N_SHARDS = 143
A_PERSON_READS_S = 4.0  # an answer within the scheduler's own loop is taken for a task killed from outside
NODES = {"head": 2, "rig-6600": 8, "rig-6600b": 8, "rig-6600c": 8}
LANES = {f"{node} · gpu {gpu}" for node, gpus in NODES.items() for gpu in range(gpus)}


@pytest.fixture(scope="module")
def planted(up: Stand) -> dict[str, Any]:
    """A run on the planted pool, triggered by REST, that waits for an approval; at its end."""
    reply = up.client.trigger({"require_approval": True})
    assert reply.is_success, reply.text
    run_id = reply.json()["dag_run_id"]
    until(lambda: state(up, run_id, "approve") == "awaiting_input", "the question to the operator")
    assert not (up.settings.publish_dir / "optimal_scorer_config.json").exists()
    time.sleep(A_PERSON_READS_S)
    up.client.approve(run_id)
    return up.client.wait(run_id)


def files_of(up: Stand, run: dict[str, Any]) -> RunFiles:
    return RunFiles.of(up.settings.runs_dir, run["dag_run_id"])


def state(up: Stand, run_id: str, task_id: str) -> str | None:
    return next((one["state"] for one in up.client.task_instances(run_id) if one["task_id"] == task_id), None)


def sample_sizes(up: Stand, run: dict[str, Any]) -> Counter[int | None]:
    lines = files_of(up, run).trials.read_bytes().decode().splitlines()
    return Counter(json.loads(line)["sample_size"] for line in lines)


def logs(up: Stand, run: dict[str, Any], task_id: str) -> str:
    instances = up.client.task_instances(run["dag_run_id"])
    return "\n".join(up.client.log(one) for one in instances if one["task_id"] == task_id)


def test_a_planted_enrichment_is_found_and_published(up: Stand, planted: dict[str, Any]) -> None:
    config = read_json(up.settings.publish_dir / "optimal_scorer_config.json")

    assert planted["state"] == "success"
    assert config["_run_context"]["run_id"] == planted["dag_run_id"]
    assert config["_run_context"]["gate"]["verdict"] == "PUBLISH"
    assert [config["_run_context"][f"trials_{done}"] for done in ("executed", "collected", "reported")] == [
        N_SHARDS
    ] * 3


def test_airflow_knows_26_mapped_lanes_labelled_by_node_and_gpu(up: Stand, planted: dict[str, Any]) -> None:
    with sqlite3.connect(up.airflow.home / "airflow.db") as database:
        rows = database.execute(
            "select map_index, rendered_map_index, state from task_instance where task_id = ? and run_id = ?",
            ("trial_lane", planted["dag_run_id"]),
        ).fetchall()

    assert {label for _, label, _ in rows} == LANES
    assert sorted(index for index, _, _ in rows) == list(range(26))
    assert {state for _, _, state in rows} == {"success"}


def test_the_study_of_record_has_exactly_the_budget_all_complete(up: Stand, planted: dict[str, Any]) -> None:
    study = optuna.load_study(
        study_name=f"scorer/{planted['dag_run_id']}", storage=f"sqlite:///{up.settings.home / 'scorer.db'}"
    )
    run = up.ledger.run(planted["dag_run_id"])

    assert [trial.number for trial in study.trials] == list(range(N_SHARDS))
    assert {trial.state.name for trial in study.trials} == {"COMPLETE"}
    assert {f"{trial.user_attrs['node']} · gpu {trial.user_attrs['gpu']}" for trial in study.trials} <= LANES
    assert {trial.user_attrs["worker_sha256"] for trial in study.trials} == {run.worker_sha256}
    assert {trial.user_attrs["sample_size"] for trial in study.trials} == {None}


def test_no_holdout_seed_is_on_any_rig(up: Stand, planted: dict[str, Any]) -> None:
    pools = [path for node in up.cluster.nodes for path in node.home.rglob("*.npz")]

    assert len(pools) == len(up.cluster.nodes)
    for path in pools:
        assert in_search(load_pool(path).seeds).all()
    whole = load_pool(up.settings.data_dir / "bidirectional_survivors_binary.npz").seeds
    assert np.isin(whole[in_search(whole)], load_pool(pools[0]).seeds).all()


def test_summary_and_report_are_there(up: Stand, planted: dict[str, Any]) -> None:
    files = files_of(up, planted)

    assert files.summary.read_json()["verdict"] == "PUBLISH"
    assert "PUBLISH" in files.report.read_bytes().decode()


def test_an_unknown_conf_key_is_refused_with_the_nearest_known_one(up: Stand, planted: dict[str, Any]) -> None:
    run = up.client.wait(up.client.trigger({"sampel_size": 450}).json()["dag_run_id"])

    assert run["state"] == "failed"
    assert "did you mean 'sample_size'" in logs(up, run, "prepare_run")
    assert state(up, run["dag_run_id"], "report") == "skipped"
    assert not files_of(up, run).store.entries()


def test_a_value_out_of_range_is_refused_before_there_is_a_run(up: Stand) -> None:
    before = len(up.client.runs())

    assert up.client.trigger({"sample_size": 10}).status_code == 400
    assert up.airflow.airflow("dags", "trigger", DAG_ID, "--conf", '{"n_trials": 0}').returncode == 1
    assert len(up.client.runs()) == before


def test_random_labels_are_not_published_and_the_reason_is_given(up: Stand, planted: dict[str, Any]) -> None:
    """Triggered by Airflow's command line: a sweep on 450 rows."""
    config = up.settings.publish_dir / "optimal_scorer_config.json"
    published = config.read_bytes()
    known = {run["dag_run_id"] for run in up.client.runs()}

    done = up.airflow.airflow(
        "dags", "trigger", DAG_ID, "--conf", json.dumps({"survivors_path": "null.npz", "sample_size": 450})
    )
    assert done.returncode == 0, done.stderr
    (run_id,) = {run["dag_run_id"] for run in up.client.runs()} - known
    run = up.client.wait(run_id)

    assert run["state"] == "failed"
    assert files_of(up, run).verdict.read_json()["verdict"] in ("REJECT", "INCONCLUSIVE")
    assert "Nothing is published" in logs(up, run, "quality_gate")
    assert config.read_bytes() == published
    assert sample_sizes(up, run) == {450: N_SHARDS}


def test_a_rig_that_dies_in_mid_run_costs_no_trial(up: Stand, planted: dict[str, Any], chromium: str) -> None:
    """Triggered in the browser: a sweep on 450 rows."""
    known = {run["dag_run_id"] for run in up.client.runs()}
    with logged_in(up.airflow, chromium) as page:
        trigger(page, up.airflow, {"sample_size": "450"})
        until(lambda: {run["dag_run_id"] for run in up.client.runs()} - known, "the run that the form triggered")
    (run_id,) = {run["dag_run_id"] for run in up.client.runs()} - known
    until(lambda: _done(up, run_id) >= 20, "the first trials")

    up.cluster.kill("rig-6600b")
    run = up.client.wait(run_id)

    collected = files_of(up, run).collected.read_json()
    study = optuna.load_study(study_name=f"scorer/{run_id}", storage=f"sqlite:///{up.settings.home / 'scorer.db'}")
    assert (collected["executed"], collected["reported"]) == (N_SHARDS, N_SHARDS)
    assert list(collected["unreachable"]) == ["rig-6600b"]
    assert {trial.state.name for trial in study.trials} == {"COMPLETE"}
    assert sample_sizes(up, run) == {450: N_SHARDS}


def _done(up: Stand, run_id: str) -> int:
    known = {run.run_id for run in up.ledger.runs()}
    return up.ledger.counts(run_id)[TicketState.DONE] if run_id in known else 0
