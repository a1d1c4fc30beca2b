"""How a run stands, in one sentence: its steps as the scheduler has them, its tickets as the ledger has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scorer_core.engines import traits_of
from scorer_core.report import words
from scorer_core.spec import RunSpec
from scorer_core.views.live import Progress


class StepState(StrEnum):
    """How a step of the DAG is, over all its mapped tasks."""

    WAITING = "waiting"
    RUNNING = "running"
    ASKING = "asking"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Step:
    """One step of the DAG: `done` of its `total` tasks are over; `failed` names those that failed, where they tell."""

    task_id: str
    title: str
    state: StepState
    done: int
    total: int
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """The sentence, its tone (`running`, `asking`, `stopped`), and what stands below it."""

    tone: str
    headline: str
    note: str


_DOING = {
    "prepare_run": "Preparing: conf, pool and inventory are checked.",
    "clean_artifacts": "Cleaning what earlier runs left on the nodes.",
    "deploy_worker": "Making the nodes ready.",
    "gpu_slots": "Counting the GPUs that are fit.",
    "collect": "Collecting what the rigs wrote down, and checking it.",
    "quality_gate": "The gate is deciding.",
    "publish": "Publishing.",
    "report": "Writing the report.",
}
_SEARCHING = "trial_lane"


def standing(spec: RunSpec | None, progress: Progress | None, steps: Sequence[Step]) -> Standing:
    """Say how a run stands; `steps` is empty where no scheduler knows it, the rest None before it is prepared."""
    asking = next((step for step in steps if step.state is StepState.ASKING), None)
    if asking is not None:
        told = "Answer under Required Actions of this run; later runs wait until then."
        return Standing("asking", "Waiting for an approval.", told)
    running = [step for step in steps if step.state is StepState.RUNNING]
    failed = [step for step in steps if step.state is StepState.FAILED]
    if running and running[0].task_id != _SEARCHING:
        step = running[0]
        note = f"{step.done} of {step.total} nodes" if step.total > 1 else ""
        return Standing("running", _DOING.get(step.task_id, "Running."), note)
    if steps and not running and failed:
        names = ", ".join(step.task_id for step in failed)
        return Standing("stopped", f"Stopped: {names} failed.", "The log of the first one says why, and what to do.")
    if spec is None or progress is None:
        return Standing("running", "Waiting for the scheduler.", "")
    return _searching(spec, progress)


def unit_of(spec: RunSpec) -> str:
    """Return what a ticket of the run is, in the plural."""
    return f"{traits_of(spec.search).unit}s"


def _searching(spec: RunSpec, progress: Progress) -> Standing:
    what = unit_of(spec)
    far = f"{progress.done:,} of {progress.budget:,} {what} are done"
    if progress.budget and progress.ended == progress.budget:
        return Standing("running", "Searched. Not decided yet.", far + ".")
    lost = sum(lane.state == "lost" for rig in progress.rigs for lane in rig.lanes)
    if not progress.at_work:
        if lost:
            return Standing(
                "stopped", f"No lane is at work: {far}.", f"A lane that comes back takes its {what[:-1]} up again."
            )
        note = far + "." if progress.done else ""
        return Standing("running", "No lane is at work yet." if not progress.done else "No lane is at work.", note)
    left = "" if progress.left_s is None else f", about {words.seconds(max(1.0, progress.left_s))} to go"
    lanes, rigs = progress.at_work, sum(bool(rig.at_work) for rig in progress.rigs)
    note = f"{_some(lanes, 'lane')} on {_some(rigs, 'rig')} {'is' if lanes == 1 else 'are'} at work."
    return Standing("running", f"Searching: {far}{left}.", note)


def _some(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count:,} {what}s"
