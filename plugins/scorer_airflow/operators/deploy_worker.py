"""deploy_worker: bytes travel to a node and are verified there."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator, Context

from scorer_core.context import RunContext


class DeployWorkerOperator(BaseOperator):
    """Brings worker and pool to a node, probes it, and tests one known answer.

    :param node: name of the node in the inventory (templated)
    """

    template_fields = ("node",)

    def __init__(self, *, node: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.node = node

    def execute(self, context: Context) -> dict[str, Any]:
        """Deploy and return the node's report."""
        from scorer_core.steps.deploy_worker import deploy_worker

        report = deploy_worker(RunContext.load(context["run_id"]), self.node)
        self.log.info(
            "%s is ready: %d GPUs; a trial may take %.0f s there", report.node, report.gpus, report.trial_timeout_s
        )
        return report.to_json()
