"""approve: a human decides in the Airflow UI, when the run asks for it."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context

from scorer_core.context import RunContext


class ApproveOperator(ApprovalOperator):
    """Waits for a human only when the run has `require_approval` and something to publish."""

    def execute(self, context: Context) -> Any:
        """Return at once, or park the task until somebody answers; a rejection skips publish."""
        from scorer_core.gate.verdict import Verdict
        from scorer_core.steps.publish import read_verdict

        run = RunContext.load(context["run_id"])
        if not run.spec.require_approval or read_verdict(run) is not Verdict.PUBLISH:
            self.log.info("no approval needed")
            return None
        return super().execute(context)
