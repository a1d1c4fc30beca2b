"""trial_lane: one worker on one GPU, held for as long as the run has tickets."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from airflow.sdk import BaseOperator, Context

from scorer_core.context import RunContext
from scorer_core.run.slot import Slot


class TrialLaneOperator(BaseOperator):
    """Asks, runs and tells one trial at a time on one GPU.

    :param slot: node and gpu, as gpu_slots returned them (templated)
    """

    template_fields = ("slot",)

    def __init__(self, *, slot: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.slot = slot

    @property
    def label(self) -> str:
        """Return the lane's name in the UI."""
        return Slot(**self.slot).label

    def execute(self, context: Context) -> dict[str, Any]:
        """Work until the budget is spent and return what this lane did."""
        from scorer_core.steps.trial_lane import trial_lane

        report = trial_lane(RunContext.load(context["run_id"]), Slot(**self.slot))
        self.log.info("%s: %d trials, %d failed attempts", report.lane, report.trials, report.failures)
        return asdict(report)
