"""deploy_worker: bytes travel to a node and are verified there."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator, Context

from scorer_core.steps.context import RunContext


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
        from scorer_core.steps.deploy_worker import Shipment, deploy_worker

        run = RunContext.load(context["run_id"])
        paths = run.paths
        shipment = Shipment(paths.worker, run.run.worker_sha256, paths.search_pool, run.run.pool_sha256)
        with run.connect(self.node) as transport:
            report = deploy_worker(transport, shipment)
        self.log.info("verified: %s", report)
        return report.to_json()
