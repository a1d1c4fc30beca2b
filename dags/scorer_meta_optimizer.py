"""Scorer Meta-Optimizer: finds scorer parameters on the cluster, publishes them when they are real.

Read bottom up: the last lines are the pipeline as one sentence.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import dag, task_group

from scorer_airflow import DAG_ID, tasks
from scorer_airflow.documentation import DAG_DOC, OWNER, TASK_DOCS
from scorer_airflow.notifier import RunNotifier
from scorer_airflow.operators.approve import ApproveOperator
from scorer_airflow.operators.clean_artifacts import clean_artifacts
from scorer_airflow.operators.deploy_worker import DeployWorkerOperator
from scorer_airflow.operators.trial_lane import TrialLaneOperator
from scorer_airflow.params import dag_params
from scorer_airflow.placement import lanes_place, tasks_place
from scorer_airflow.retries import NODE_RETRY_POLICY, RETRIES, RETRY_POLICY
from scorer_airflow.schedule import schedule
from scorer_core.notify import Event


@dag(
    dag_id=DAG_ID,
    dag_display_name="Scorer Meta-Optimizer",
    on_failure_callback=[RunNotifier(Event.FAILED)],
    doc_md=DAG_DOC,
    description="Search scorer parameters on the GPU cluster; publish only what the gate finds real.",
    schedule=schedule(),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1000,
    params=dag_params(),
    default_args={
        **tasks_place(),
        "owner": OWNER,
        "retries": RETRIES,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=2),
        "retry_policy": RETRY_POLICY,
        "show_return_value_in_logs": False,
    },
    tags=["scorer", "gpu"],
)
def scorer_meta_optimizer() -> None:
    """Wire the tasks of one run."""
    lost = {"on_failure_callback": [RunNotifier(Event.RIG_OUT)]}

    @task_group(prefix_group_id=False)
    def nodes(node: str) -> None:
        """Make one node ready; a node that fails is left out, the others go on."""
        each = {"node": node, "map_index_template": "{{ task.node }}", "retry_policy": NODE_RETRY_POLICY, **lost}
        clean = clean_artifacts(task_id="clean_artifacts", doc_md=TASK_DOCS["clean_artifacts"], **each)
        deploy = DeployWorkerOperator(
            task_id="deploy_worker", after="clean_artifacts", doc_md=TASK_DOCS["deploy_worker"], **each
        )
        clean >> deploy

    prepared = tasks.prepare_run()
    ready = nodes.expand(node=prepared)
    slots = tasks.gpu_slots()
    gate = tasks.quality_gate()
    lane = TrialLaneOperator.partial(
        task_id="trial_lane",
        doc_md=TASK_DOCS["trial_lane"],
        map_index_template="{{ task.label }}",
        **lanes_place(),
        **lost,
    )
    lanes = lane.expand(slot=slots)
    asks = [RunNotifier(Event.APPROVAL)]
    approved = ApproveOperator(task_id="approve", doc_md=TASK_DOCS["approve"], notifiers=asks)

    (
        ready
        >> slots
        >> lanes
        >> tasks.collect()
        >> gate
        >> approved
        >> tasks.publish()
        >> (tasks.report().as_teardown())
    )
    prepared >> gate  # what is skipped between them, where there is no run, does not make it a good one


scorer_meta_optimizer()
