"""What Airflow's own database says of a run: its state, its steps, and which nodes a step failed on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scorer_airflow import DAG_ID
from scorer_core.views.fleet import Heard
from scorer_core.views.standing import Step, StepState

STEPS = {
    "prepare_run": "Prepare",
    "clean_artifacts": "Clean",
    "deploy_worker": "Deploy",
    "gpu_slots": "Slots",
    "trial_lane": "Search",
    "collect": "Collect",
    "quality_gate": "Gate",
    "approve": "Approve",
    "publish": "Publish",
    "report": "Report",
}
"""The tasks of the DAG in their order, and what the strip of steps calls them."""
_ON_NODES = ("clean_artifacts", "deploy_worker")
_LABEL = TaskInstance._rendered_map_index  # what the template gave; else Airflow makes it the number
_OVER = {"success", "failed", "skipped", "upstream_failed", "removed"}
_ASKING = {"awaiting_input", "deferred"}


def run_state(session: Session, run_id: str) -> str | None:
    """Return the state of a run of the DAG, None where Airflow does not know it."""
    return session.scalar(select(DagRun.state).where(DagRun.dag_id == DAG_ID, DagRun.run_id == run_id))


def steps_of(session: Session, run_id: str) -> list[Step]:
    """Return the steps of a run of the DAG, in their order; none where Airflow does not know it."""
    count = func.count().label("count")
    query = (
        select(TaskInstance.task_id, TaskInstance.state, count)
        .where(TaskInstance.dag_id == DAG_ID, TaskInstance.run_id == run_id)
        .group_by(TaskInstance.task_id, TaskInstance.state)
    )
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for task_id, state, number in session.execute(query):
        counts[task_id][str(state or "none")] = int(number)
    failed = _failed_nodes(session, run_id) if counts else {}
    return [
        _step(task_id, title, counts[task_id], failed.get(task_id, ()))
        for task_id, title in STEPS.items()
        if task_id in counts
    ]


def last_deployments(session: Session) -> dict[str, Heard]:
    """Return of each node what its deployment in the latest run said that came so far."""
    latest = (
        select(TaskInstance.run_id)
        .where(TaskInstance.dag_id == DAG_ID, TaskInstance.task_id == "deploy_worker", TaskInstance.map_index >= 0)
        .order_by(TaskInstance.start_date.desc().nulls_last())
        .limit(1)
    )
    run_id = session.scalar(latest)
    heard: dict[str, Heard] = {}
    for task_id in _ON_NODES if run_id is not None else ():
        query = select(_LABEL, TaskInstance.state, TaskInstance.end_date).where(
            TaskInstance.dag_id == DAG_ID, TaskInstance.task_id == task_id, TaskInstance.run_id == run_id
        )
        for node, state, ended_at in session.execute(query):
            if node and state in ("success", "failed"):
                heard[node] = Heard(ended_at, f"{task_id} failed; its log says why" if state == "failed" else None)
    return heard


def _failed_nodes(session: Session, run_id: str) -> Mapping[str, Sequence[str]]:
    """Return the nodes that a step failed on; a task that was never begun is called by its number alone."""
    query = (
        select(TaskInstance.task_id, _LABEL)
        .where(TaskInstance.dag_id == DAG_ID, TaskInstance.run_id == run_id, TaskInstance.state == "failed")
        .where(TaskInstance.map_index >= 0)
        .order_by(TaskInstance.map_index)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for task_id, label in session.execute(query):
        found[task_id].append(str(label or ""))
    return found


def _step(task_id: str, title: str, counts: Mapping[str, int], failed: Sequence[str]) -> Step:
    total, over = sum(counts.values()), sum(number for state, number in counts.items() if state in _OVER)
    return Step(task_id, title, _state_of(counts, total, over), over, total, tuple(filter(None, failed)))


def _state_of(counts: Mapping[str, int], total: int, over: int) -> StepState:
    """Return the state of a step over its mapped tasks; one that went well on some nodes is done."""
    if counts.keys() & _ASKING:
        return StepState.ASKING
    if over < total:
        begun = over or counts.keys() & {"running", "queued", "restarting", "up_for_retry"}
        return StepState.RUNNING if begun else StepState.WAITING
    if "success" in counts:
        return StepState.DONE
    return StepState.FAILED if "failed" in counts else StepState.SKIPPED
