"""The DAG scorer_fleet: off by default; its one task checks every node, and the ledger keeps how it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import CronTriggerTimetable

from scorer_core.ledger.checks import checked
from scorer_core.ledger.drains import active_drains
from scorer_core.ledger.ledger import Ledger
from scorer_core.rig.health.check import State
from tests.scorer_airflow.dag_files import FLEET, load
from tests.support.own_database import database_of
from tests.support.prepared import make_node


def test_it_runs_when_the_setting_says_so_and_by_default_never_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCORER_FLEET_SCHEDULE", raising=False)
    assert load(FLEET).timetable.can_be_scheduled is False

    monkeypatch.setenv("SCORER_FLEET_SCHEDULE", "*/10 * * * *")
    dag = load(FLEET)

    assert isinstance(dag.timetable, CronTriggerTimetable)
    assert dag.timetable.expression == "*/10 * * * *"
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    assert [task.task_id for task in dag.tasks] == ["look_at_fleet"]
    assert dag.tasks[0].retries == 0


@pytest.mark.slow
def test_its_task_tells_which_nodes_do_not_pass_and_the_ledger_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sees_a_hot_gpu = tmp_path / "python"
    sees_a_hot_gpu.write_text(f'#!/bin/sh\nunset SCORER_RIG_GPUS\nPATH={tmp_path}:$PATH exec {sys.executable} "$@"\n')
    smi = tmp_path / "nvidia-smi"
    row = "00000000:01:00.0, 95, 0, Not Active, Not Active, [N/A]"
    smi.write_text(f'#!/bin/sh\ncase "$*" in -L) echo "GPU 0: x" ;; *apps*) ;; *) echo "0, {row}" ;; esac\n')
    for program in (sees_a_hot_gpu, smi):
        program.chmod(0o755)
    one_gpu = {"gpu": {"vendor": "nvidia", "count": 1}}
    nodes = [
        make_node(tmp_path, "hot", python=str(sees_a_hot_gpu), **one_gpu),
        make_node(tmp_path, "bare", python="/no/python3", **one_gpu),
    ]
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump({"nodes": nodes}))
    monkeypatch.setenv("SCORER_HOME", str(tmp_path))
    monkeypatch.setenv("SCORER_TRANSPORT", "local")
    monkeypatch.setenv("SCORER_DATABASE_URL", database_of(tmp_path))
    task = load(FLEET).get_task("look_at_fleet")
    assert isinstance(task, PythonOperator)

    wrong = task.python_callable()

    engine = Ledger(database_of(tmp_path)).engine
    states = {(one.node, one.finding.check): one.finding.state for one in checked(engine)}
    assert list(wrong) == ["bare"]
    assert "/no/python3" in wrong["bare"]
    assert states["hot", "temperature"] is State.FAILED
    assert states["hot", "python"] is State.OK, "asked between runs alone"
    assert (states["hot", "fit"], states["bare", "fit"]) == (State.OK, State.FAILED)
    assert [(one.place, one.check) for one in active_drains(engine)] == [("hot:0", "temperature")]
