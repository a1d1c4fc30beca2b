"""trial_lane: one worker on one GPU, held for as long as the run has tickets."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from scorer_core.context import RunContext
from scorer_core.run.slot import Slot

if TYPE_CHECKING:
    from scorer_core.search.lane import LaneReport


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

        run, slot = RunContext.load(context["run_id"]), Slot(**self.slot)
        self.log.info("::group::%s: its trials, one a line", slot.label)
        try:
            report = trial_lane(run, slot)
        finally:
            self.log.info("::endgroup::")
        self.log.info("%s", _told(report))
        return asdict(report)


def _told(report: LaneReport) -> str:
    """Return what a lane did; one without a trial says that nothing is wrong with that."""
    if not report.trials and not report.failures:
        return f"{report.lane}: no trial; other lanes had taken the whole budget before this one was ready"
    done = f"{report.lane}: {report.trials} trials, {report.failures} failed attempts"
    return f"{done}, {report.busy_s:.1f} of {report.seconds:.1f} s in trials"
