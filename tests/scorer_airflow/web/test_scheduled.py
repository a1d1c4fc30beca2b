"""What Airflow's own database says of a run becomes the steps on the page, and what a deployment said of a node."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from scorer_core.views.standing import StepState
from tests.scorer_airflow.web.client import TestClient
from tests.scorer_airflow.web.installed import DAG, GOING, AirflowLogins

RUN = "manual__2026-11-28T05:30:00+00:00"
NOW = datetime(2026, 11, 28, 5, 31, tzinfo=UTC)
LANES = [("trial_lane", number, f"head · gpu {number}", state) for number, state in enumerate(["success", "running"])]
TASKS = (
    ("prepare_run", -1, None, "success"),
    ("clean_artifacts", 0, "head", "success"),
    ("clean_artifacts", 1, "rig-a", "failed"),
    ("deploy_worker", 0, "head", "success"),
    ("deploy_worker", 1, None, "upstream_failed"),
    ("gpu_slots", -1, None, "success"),
    *LANES,
    ("collect", -1, None, None),
)


class Scheduler:
    """Writes what a scheduler does: a run of the DAG and its task instances."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def has(self, run_id: str, state: str, *tasks: tuple[str, int, str | None, str | None]) -> None:
        """Put a run in place of the one that was there."""
        from airflow.models.dagrun import DagRun
        from airflow.models.taskinstance import TaskInstance
        from sqlalchemy import delete, insert

        for model in (TaskInstance, DagRun):
            self._session.execute(delete(model))
        run = {"dag_id": DAG, "run_id": run_id, "state": state, "run_type": "manual", "run_after": NOW}
        self._session.execute(insert(DagRun.__table__), [run])
        for task_id, map_index, label, task_state in tasks:
            row: dict[str, Any] = {"id": uuid.uuid4(), "dag_id": DAG, "run_id": run_id, "task_id": task_id}
            row |= {"map_index": map_index, "rendered_map_index": label, "state": task_state}
            row |= {"start_date": NOW, "end_date": NOW, "pool": "default_pool", "pool_slots": 1}
            self._session.execute(insert(TaskInstance.__table__), [row])
        self._session.commit()


@pytest.fixture
def scheduler(logins: AirflowLogins) -> Iterator[Scheduler]:
    """A scheduler of one run; it is gone after the test."""
    from airflow import settings
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import delete

    with Session(settings.get_engine()) as session:  # type: ignore[no-untyped-call]
        yield Scheduler(session)
        for model in (TaskInstance, DagRun):
            session.execute(delete(model))
        session.commit()


@pytest.fixture
def session(scheduler: Scheduler) -> Session:
    """A session on Airflow's database."""
    return scheduler._session


def test_each_step_counts_its_mapped_tasks(scheduler: Scheduler, session: Session) -> None:
    from scorer_airflow.web.scheduled import run_state, steps_of

    scheduler.has(RUN, "running", *TASKS)

    steps = {step.task_id: step for step in steps_of(session, RUN)}

    assert run_state(session, RUN) == "running"
    assert [(step.task_id, step.state.value, step.done, step.total) for step in steps.values()] == [
        ("prepare_run", "done", 1, 1),
        ("clean_artifacts", "done", 2, 2),
        ("deploy_worker", "done", 2, 2),
        ("gpu_slots", "done", 1, 1),
        ("trial_lane", "running", 1, 2),
        ("collect", "waiting", 0, 1),
    ]
    assert steps["clean_artifacts"].failed == ("rig-a",)
    assert steps["deploy_worker"].failed == ()


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (("awaiting_input",), StepState.ASKING),
        (("failed", "upstream_failed"), StepState.FAILED),
        (("skipped",), StepState.SKIPPED),
        (("upstream_failed",), StepState.SKIPPED),
        (("up_for_retry",), StepState.RUNNING),
        ((None,), StepState.WAITING),
    ],
)
def test_a_step_is_what_its_tasks_are(
    scheduler: Scheduler, session: Session, states: tuple[str | None, ...], state: StepState
) -> None:
    from scorer_airflow.web.scheduled import steps_of

    scheduler.has(RUN, "running", *(("approve", number, None, each) for number, each in enumerate(states)))

    assert [step.state for step in steps_of(session, RUN)] == [state]


def test_the_last_deployment_tells_of_each_node(scheduler: Scheduler, session: Session) -> None:
    from scorer_airflow.web.scheduled import last_deployments

    assert last_deployments(session) == {}
    scheduler.has(RUN, "running", *TASKS)

    heard = last_deployments(session)

    assert heard["head"].failed is None
    assert heard["rig-a"].failed == "clean_artifacts failed; its log says why"


def test_the_fleet_shows_it(scheduler: Scheduler, viewer: TestClient) -> None:
    scheduler.has(RUN, "running", *TASKS)

    page = viewer.get("/scorer/fleet").text

    assert "drained by deploy" in page
    assert page.count('<li class="drained"') == 2


def test_a_run_that_is_not_prepared_yet_has_its_tab(scheduler: Scheduler, viewer: TestClient) -> None:
    scheduler.has(RUN, "running", ("prepare_run", -1, None, "running"))

    page = viewer.get(f"/scorer/run/{DAG}/{RUN}").text

    assert "Preparing: conf, pool and inventory are checked." in page
    assert "data-live" in page


def test_a_run_that_prepare_run_refused_says_so(scheduler: Scheduler, viewer: TestClient) -> None:
    scheduler.has(RUN, "failed", ("prepare_run", -1, None, "failed"), ("collect", -1, None, "upstream_failed"))

    assert "Stopped: prepare_run failed." in viewer.get(f"/scorer/run/{DAG}/{RUN}/now").text


def test_a_step_that_failed_on_a_node_names_it(scheduler: Scheduler, viewer: TestClient) -> None:
    scheduler.has(GOING, "running", *TASKS)

    page = viewer.get(f"/scorer/run/{DAG}/{GOING}/now").text

    assert "Clean failed on rig-a: left out of this run. The log of clean_artifacts says why." in page
    assert "Search 1/2" in page


def test_a_run_that_the_scheduler_has_ended_is_over(scheduler: Scheduler, viewer: TestClient) -> None:
    scheduler.has(GOING, "failed", *TASKS)

    assert viewer.get(f"/scorer/run/{DAG}/{GOING}/now").headers["scorer-ended"] == "1"
    assert "NO VERDICT" in viewer.get(f"/scorer/run/{DAG}/{GOING}").text
