"""The DAG calls back at the moments when there is something to tell; prepare_run refuses whom nobody can be told by."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from scorer_airflow.notifier import RunNotifier
from scorer_airflow.operators.approve import ApproveOperator
from scorer_core.errors import SettingsError
from scorer_core.notify import Event
from tests.scorer_airflow.dag_files import OPTIMIZER, load
from tests.support.prepared import make_settings

RIG_OUT, VERDICT = (Event.RIG_OUT,), (Event.VERDICT,)


@pytest.fixture(scope="module")
def dag() -> DAG:
    return load(OPTIMIZER)


def told(callbacks: Any) -> tuple[Event, ...]:
    """Return the events that callbacks of Airflow's tell."""
    return tuple(event for one in callbacks for event in one.events if isinstance(one, RunNotifier))


def test_what_is_told_when_a_task_fails_and_when_it_ends_well(dag: DAG) -> None:
    failed = {one.task_id: told(one.on_failure_callback) for one in dag.tasks if one.on_failure_callback}
    well = {one.task_id: told(one.on_success_callback) for one in dag.tasks if one.on_success_callback}

    at_the_end = {"collect": RIG_OUT, "quality_gate": VERDICT, "report": RIG_OUT + VERDICT}
    on_nodes = dict.fromkeys(("clean_artifacts", "deploy_worker", "trial_lane"), RIG_OUT)
    assert well == at_the_end
    assert failed == {**at_the_end, **on_nodes}
    assert told(dag.on_failure_callback) == (Event.FAILED,)


def test_an_approval_is_told_when_the_question_is_asked(dag: DAG) -> None:
    approve = dag.get_task("approve")

    assert isinstance(approve, ApproveOperator)
    assert told(approve.notifiers) == (Event.APPROVAL,)


@pytest.mark.parametrize(
    ("notifier", "kwargs", "said"),
    [
        ("airflow.providers.smtp.notifications.smtp.NoNotifier", {}, "has no attribute 'NoNotifier'"),
        ("no_such_package.Notifier", {}, "No module named 'no_such_package'"),
        ("pathlib.Path", {}, "it is no notifier of Airflow's"),
        ("airflow.providers.smtp.notifications.smtp.SmtpNotifier", {}, "'to'"),
    ],
)
def test_a_notifier_that_cannot_be_made_is_refused_before_anything_runs(
    dag: DAG, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notifier: str, kwargs: dict[str, Any], said: str
) -> None:
    settings = make_settings(tmp_path, notify=json.dumps([{"notifier": notifier, "kwargs": kwargs}]))
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    task = dag.get_task("prepare_run")
    assert isinstance(task, PythonOperator)

    with pytest.raises(SettingsError, match="SCORER_NOTIFY: .* cannot be used") as refusal:
        task.python_callable(run_id="run", params={}, dag_run=SimpleNamespace(conf={}))

    assert said in str(refusal.value)
    assert not Path(settings.runs_dir).exists()
