"""The whole DAG under a real scheduler, over real SSH, on all rigs."""

from __future__ import annotations

import sqlite3
from typing import Any

import optuna
import pytest

from scorer_core.pool.survivors import load_pool
from scorer_core.publish.publisher import Publisher
from scorer_core.run.files import read_json
from scorer_core.views.note import NO_RUN
from sim.demo.client import DAG_ID
from sim.demo.stand import Stand
from tests.e2e.runs import SHARDS, Ended, files_of, logs
from tests.e2e.waiting import until
from tests.support.mail import Mailbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

NODES = {"head": 2, "rig-6600": 8, "rig-6600b": 8, "rig-6600c": 8}
LANES = {f"{node} · gpu {gpu}" for node, gpus in NODES.items() for gpu in range(gpus)}


def test_a_planted_enrichment_is_found_and_published(up: Stand, planted: dict[str, Any]) -> None:
    config = read_json(up.settings.publish_dir / "optimal_scorer_config.json")

    assert planted["state"] == "success"
    assert config["_run_context"]["run_id"] == planted["dag_run_id"]
    assert config["_run_context"]["gate"]["verdict"] == "PUBLISH"
    assert [config["_run_context"][f"trials_{done}"] for done in ("executed", "collected", "reported")] == [SHARDS] * 3


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
    study = optuna.load_study(study_name=f"scorer/{planted['dag_run_id']}", storage=up.settings.database_url)
    run = up.ledger.run(planted["dag_run_id"])

    assert [trial.number for trial in study.trials] == list(range(SHARDS))
    assert {trial.state.name for trial in study.trials} == {"COMPLETE"}
    assert {f"{trial.user_attrs['node']} · gpu {trial.user_attrs['gpu']}" for trial in study.trials} <= LANES
    assert {trial.user_attrs["worker_sha256"] for trial in study.trials} == {run.worker_sha256}
    assert {trial.user_attrs["sample_size"] for trial in study.trials} == {None}


def test_the_whole_pool_is_on_every_rig(up: Stand, planted: dict[str, Any]) -> None:
    shipped = f"{up.ledger.run(planted['dag_run_id']).pool_sha256}.npz"
    pools = [path for node in up.cluster.nodes for path in node.home.rglob(shipped)]

    assert len(pools) == len(up.cluster.nodes)
    whole = load_pool(up.settings.data_dir / "bidirectional_survivors_binary.npz").seeds
    assert all(load_pool(path).seeds.tolist() == whole.tolist() for path in pools)


def test_gate_summary_and_report_tell_of_it(up: Stand, planted: dict[str, Any]) -> None:
    ended = Ended.of(up, planted["dag_run_id"])
    config = Publisher(up.settings.publish_dir).config

    assert ended.end == ("success", "success", "success", "success")
    assert "PUBLISH: Publish the config with" in ended.gate_log
    assert config.read_bytes() == ended.files.config.read_bytes()
    assert (ended.summary["verdict"], ended.summary["published"]["config"]) == ("PUBLISH", str(config))
    assert ended.failed_checks() == []
    assert "PUBLISH" in ended.files.report.read_bytes().decode()


def test_an_unknown_conf_key_is_one_red_task_that_names_the_nearest_known_one(
    up: Stand, planted: dict[str, Any], mails: Mailbox
) -> None:
    run = up.client.wait(up.client.trigger({"sampel_size": 450}).json()["dag_run_id"])

    assert run["state"] == "failed"
    assert "did you mean 'sample_size'" in logs(up, run, "prepare_run")
    states = {one["task_id"]: one["state"] for one in up.client.task_instances(run["dag_run_id"])}
    assert [name for name, state in states.items() if state == "failed"] == ["prepare_run"]
    assert [states[name] for name in ("gpu_slots", "collect", "report")] == ["skipped"] * 3
    assert run["note"] == NO_RUN
    until(lambda: mails.about(run["dag_run_id"]), "the mail of Airflow's DAG processor")
    assert mails.about(run["dag_run_id"]) == ["the run failed"]
    assert not files_of(up, run).store.entries()


def test_a_value_out_of_range_is_refused_before_there_is_a_run(up: Stand) -> None:
    before = len(up.client.runs())

    assert up.client.trigger({"sample_size": 10}).status_code == 400
    assert up.airflow.airflow("dags", "trigger", DAG_ID, "--conf", '{"n_trials": 0}').returncode == 1
    assert len(up.client.runs()) == before
