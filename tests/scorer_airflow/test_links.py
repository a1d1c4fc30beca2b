"""Gate, publish and report link to the plugin's page of their run, at `/` and below a base path; no other task does."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, task
from airflow.serialization.serialized_objects import DagSerialization

from scorer_airflow.links import RunPageLink
from tests.scorer_airflow.dag_files import OPTIMIZER, load

KEY = SimpleNamespace(dag_id="scorer_meta_optimizer", run_id="manual__2026-11-28T05:30:00+00:00/x")


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow.plugins_manager.get_operator_extra_links", lambda: [RunPageLink()])


def links(dag: DAG) -> dict[str, list[str]]:
    """Return the names of each task's links, as the API server knows them: from the serialized DAG."""
    known: Any = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    return {one.task_id: one.extra_links for one in known.tasks if one.extra_links}


def test_three_tasks_have_it_and_no_other() -> None:
    assert links(load(OPTIMIZER)) == {name: ["Scorer: this run"] for name in ("quality_gate", "publish", "report")}


def test_a_python_task_of_another_dag_has_none() -> None:
    @task
    def theirs() -> None:
        """Nothing of ours."""

    with DAG("theirs", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        theirs()

    assert links(dag) == {}


@pytest.mark.parametrize(
    ("url", "base"),
    [("http://airflow.example:8080", ""), ("http://airflow.example/", ""), ("https://a.b/sub/", "/sub")],
)
def test_it_leads_to_the_tab_of_the_run_wherever_the_ui_is(
    url: str, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", url)
    link: Any = RunPageLink()

    path = link.get_link(None, ti_key=KEY)

    run = "manual__2026-11-28T05%3A30%3A00%2B00%3A00%2Fx"
    assert path == f"{base}/dags/scorer_meta_optimizer/runs/{run}/plugin/scorer-run"
