"""deploy_worker begins on every node, so that each has its label; where cleaning failed it skips itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from scorer_airflow.operators.deploy_worker import DeployWorkerOperator
from scorer_core.errors import RunNotFound
from tests.scorer_airflow.dag_files import OPTIMIZER, load
from tests.support.own_database import database_of


class Instance:
    """A mapped task instance; Airflow knows how the one before it ended."""

    dag_id, map_index = "dag", 2

    def __init__(self, before: str | None) -> None:
        self.before = before

    def get_task_states(self, **asked: Any) -> dict[str, dict[str, str | None]]:
        assert asked == {"dag_id": "dag", "map_index": 2, "task_ids": ["clean"], "run_ids": ["run"]}
        return {"run": {"clean_2": self.before}}


def begin(before: str | None) -> None:
    task = DeployWorkerOperator(task_id="deploy", node="rig-b", after="clean")
    task.execute(cast(Context, {"run_id": "run", "ti": Instance(before)}))


@pytest.mark.parametrize("before", ["failed", "upstream_failed"])
def test_a_node_that_was_not_cleaned_is_left_out(before: str) -> None:
    with pytest.raises(AirflowSkipException, match="rig-b is left out: clean failed there, and its log says why"):
        begin(before)


@pytest.mark.parametrize("before", ["success", "skipped"])
def test_a_person_may_mark_the_cleaning_as_done(before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORER_HOME", str(tmp_path))
    monkeypatch.setenv("SCORER_DATABASE_URL", database_of(tmp_path))

    with pytest.raises(RunNotFound):  # it goes on, to the run
        begin(before)


def test_the_dag_lets_it_begin_whatever_cleaning_came_to() -> None:
    assert load(OPTIMIZER).get_task("deploy_worker").trigger_rule == "all_done"
