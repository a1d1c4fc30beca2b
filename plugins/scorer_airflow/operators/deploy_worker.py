"""deploy_worker: bytes travel to a node and are verified there."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from scorer_core.context import RunContext

FAILED = {"failed", "upstream_failed"}


class DeployWorkerOperator(BaseOperator):
    """Brings worker and pool to a node, probes it, and tests one known answer.

    It begins even where cleaning failed, and then skips itself: a task that never begins has no label in the UI.

    :param node: name of the node in the inventory (templated)
    :param after: the task of the node before this one
    """

    template_fields = ("node",)

    def __init__(self, *, node: str, after: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trigger_rule": "all_done"})
        self.node = node
        self.after = after

    def execute(self, context: Context) -> dict[str, Any]:
        """Deploy and return the node's report."""
        from scorer_core.steps.deploy_worker import deploy_worker

        ti = context["ti"]
        run_id = context["run_id"]
        states = ti.get_task_states(
            dag_id=ti.dag_id, map_index=ti.map_index, task_ids=[self.after], run_ids=[run_id]
        ).get(run_id, {})
        if FAILED.intersection(states.values()):
            raise AirflowSkipException(f"{self.node} is left out: {self.after} failed there, and its log says why")
        report = deploy_worker(RunContext.load(run_id), self.node)
        self.log.info(
            "%s is ready: %d GPUs; a trial may take %.0f s there", report.node, report.gpus, report.trial_timeout_s
        )
        return report.to_json()
