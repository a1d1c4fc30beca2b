"""Where prepare_run made no run, it is the one red task: those that run whatever happened skip themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException

from tests.scorer_airflow.dag_files import FLEET, OPTIMIZER, load
from tests.support.own_database import database_of


@pytest.fixture(scope="module")
def dag() -> DAG:
    return load(OPTIMIZER)


@pytest.mark.parametrize("name", ["gpu_slots", "collect", "report"])
def test_it_skips_itself_with_one_sentence(
    dag: DAG, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SCORER_HOME", str(tmp_path))
    monkeypatch.setenv("SCORER_DATABASE_URL", database_of(tmp_path))
    task = dag.get_task(name)
    assert isinstance(task, PythonOperator)

    with pytest.raises(AirflowSkipException, match="prepare_run made no run, and its log says why"):
        task.python_callable(run_id="refused")


def test_the_gate_follows_prepare_run_so_that_what_is_skipped_between_does_not_make_a_green_run(dag: DAG) -> None:
    assert "prepare_run" in dag.get_task("quality_gate").upstream_task_ids


@pytest.mark.parametrize("path", [OPTIMIZER, FLEET], ids=lambda path: path.stem)
def test_no_task_logs_what_it_returns(path: Path) -> None:
    tasks = [task for task in load(path).tasks if isinstance(task, PythonOperator)]

    assert tasks
    assert [task.task_id for task in tasks if task.show_return_value_in_logs] == []
