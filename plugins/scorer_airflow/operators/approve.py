"""approve: a human decides in the Airflow UI, when the run asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context

from scorer_core.context import RunContext

if TYPE_CHECKING:
    from scorer_core.gate.decision import Decision

SUBJECT = "Publish the new scorer config?"


class ApproveOperator(ApprovalOperator):
    """Waits for a human only when the run has `require_approval` and something to publish.

    There is no default answer, so that a time-out, should one be set, fails the task and publishes nothing.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"subject": SUBJECT, **kwargs, "defaults": None})

    def execute(self, context: Context) -> Any:
        """Return at once, or park the task until somebody answers; a rejection skips publish."""
        from scorer_core.gate.decision import Decision
        from scorer_core.gate.verdict import Verdict
        from scorer_core.steps.publish import read_verdict

        run = RunContext.load(context["run_id"])
        if not run.spec.require_approval or read_verdict(run) is not Verdict.PUBLISH:
            self.log.info("no approval needed")
            return None
        decision = Decision.from_json(run.files.verdict.read_json())
        self.body = question(decision, run.files.config.read_json(), run.publisher.published())
        return super().execute(context)


def question(decision: Decision, config: dict[str, Any], published: dict[str, Any] | None) -> str:
    """Return in markdown what one has to know to answer: verdict, key numbers, difference to the published config."""
    from scorer_core.views.published import differences

    lines = [f"**{decision.verdict.value}**: {decision.reason}", ""]
    proof = decision.proof
    if proof is not None:
        fitted = proof.cross_fitted_lift
        lines += [
            "| number | value |",
            "|---|---|",
            f"| rows kept | {proof.kept:,}, {proof.minority_kept:,} of the minority; by chance {proof.expected:,.1f} |",
            f"| guaranteed lift | {proof.guaranteed_lift:.3f} |",
            f"| cross-fitted lift | {'-' if fitted is None else f'{fitted:.3f}'} |",
            f"| p, the whole space paid for | 10^{proof.log10_p_space:.1f} |",
            "",
        ]
    lines += ["| parameter | published | new |", "|---|---|---|"]
    for one in differences(published or {}, config):
        lines.append(f"| {one.name} | {_shown(one.before)} | {_shown(one.after)} |")
    return "\n".join(lines)


def _shown(value: object) -> str:
    return "-" if value is None else str(value)
