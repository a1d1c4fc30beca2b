"""trial_lane: one worker on one GPU, held for as long as the run has tickets."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from scorer_core.context import RunContext
from scorer_core.run.slot import Slot

if TYPE_CHECKING:
    from scorer_core.search.lane import LaneReport

log = logging.getLogger(__name__)


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
        log.info("::group::%s: its trials, one a line", slot.label)
        try:
            report = trial_lane(run, slot)
        finally:
            log.info("::endgroup::")
        _tell(report, run.ledger.taken_out(run.run_id).get(slot.node), _drained(run, slot))
        return asdict(report)


def _tell(report: LaneReport, out: str | None, drain: str | None) -> None:
    """Log what a lane did, and warn where it had to end.

    Raises:
        AirflowSkipException: it ran nothing, since its rig was taken out of the run.
    """
    idle = not (report.trials or report.failures or report.batches)
    if out is not None:
        out = f"{report.lane}: its rig was taken out of this run: {out}"
        if idle:
            raise AirflowSkipException(f"{out}; no trial ran here")
        log.warning("%s", out)
    if drain is not None:
        log.warning("%s: %s", report.lane, drain)
    elif idle:
        told = "no trial; other lanes had taken the whole budget before this one was ready, or the run was stopped"
        log.info("%s: %s", report.lane, told)
    if not idle:
        done = f"{report.trials} trials, {report.failures} failed attempts"
        if report.batches:
            done += f", {report.batches} batches of permutations"
        log.info("%s: %s, %.1f of %.1f s in trials", report.lane, done, report.busy_s, report.seconds)


def _drained(run: RunContext, slot: Slot) -> str | None:
    """Return what is said of a drain that holds a slot."""
    from scorer_core.ledger.drains import active_drains

    return next((one.words for one in active_drains(run.ledger.engine) if one.holds(slot.node, slot.gpu)), None)
