"""How a run ended, in words: one of the four verdicts, or the step that it did not reach."""

from __future__ import annotations

from dataclasses import dataclass

from scorer_core.engines import traits_of
from scorer_core.gate.verdict import Verdict, row_of
from scorer_core.report.summary import RunSummary
from scorer_core.run.trials import TicketState

_DECIDING = {"verdict.json", "report.html"}


@dataclass(frozen=True)
class Banner:
    """What the banner says; `tone` names its colour: publish, keep, reject, inconclusive or none."""

    tone: str
    label: str
    headline: str
    reason: str
    aftermath: str


def banner_of(summary: RunSummary, prepared: bool, followed: bool = True) -> Banner:
    """Return how a run ended, in words, from its summary; `prepared` says whether prepare_run finished.

    `followed` says whether a verdict to publish was followed, as far as anybody knows.
    """
    gate, verdict = summary.gate, summary.verdict
    if (gate is None or verdict is None) and summary.unreadable.keys() & _DECIDING:
        reason = "; ".join(f"{name}: {why}" for name, why in summary.unreadable.items())
        return Banner("none", "NO VERDICT", "What the gate decided cannot be shown.", reason, "See the log of report.")
    if gate is None or verdict is None:
        step, reason = step_not_reached(summary, prepared)
        headline = f"The run ended before the gate could decide: it did not get past {step}."
        return Banner("none", "NO VERDICT", headline, reason, "Nothing was published.")
    row = row_of(verdict)
    if verdict is Verdict.PUBLISH and not followed:
        headline = "A config was found that is worth publishing, and it was not published."
        return Banner("none", "NOT PUBLISHED", headline, gate["reason"], _aftermath(summary))
    return Banner(row.tone, verdict.replace("_", " "), row.headline, gate["reason"], _aftermath(summary))


def step_not_reached(summary: RunSummary, prepared: bool) -> tuple[str, str]:
    """Return the step at which a run without a verdict stopped, and what its folder tells of that."""
    tickets, collected = summary.tickets, summary.collected
    ended, budget = sum(count for state, count in tickets.items() if state.ended), sum(tickets.values())
    if not prepared:
        return "prepare_run", "The run's folder is not complete. See the log of prepare_run."
    unit = traits_of(summary.spec.search).unit
    if ended == tickets[TicketState.LEASED] == 0:
        return (
            "deploy_worker",
            f"None of the {budget} {unit}s was started. See the logs of clean_artifacts, deploy_worker, gpu_slots and "
            "trial_lane, mend the nodes, then clear these tasks.",
        )
    if ended < budget:
        return (
            "trial_lane",
            f"{budget - ended} of {budget} {unit}s have no result and no recorded failure. See the logs of trial_lane; "
            "clear the failed lanes to finish the run.",
        )
    if collected is None:
        return "collect", f"Every {unit} has ended, but the results were not collected. See the log of collect."
    if collected.executed < summary.spec.min_completion * budget:
        return (
            "collect",
            f"Only {collected.executed} of {budget} {unit}s gave a result, fewer than min_completion asks for. "
            f"See the failed {unit}s below, then run again.",
        )
    return "quality_gate", "The results are collected, but the gate has not decided. See the log of quality_gate."


def _aftermath(summary: RunSummary) -> str:
    published = summary.published
    if published is not None:
        previous = published.archived
        kept = f" The previous one is kept as {previous}." if previous else " There was none before it."
        return f"Published as {published.config}.{kept}"
    if summary.verdict is Verdict.PUBLISH:
        if summary.spec.require_approval:
            return "The verdict is PUBLISH, but it was not approved, or publish failed. See their logs."
        return "The verdict is PUBLISH, but publish failed, or has not run. See its log."
    gate = summary.gate or {}
    there = gate.get("replaces") or gate.get("champion")  # release 0.1.0 wrote the latter alone
    return "The published config was not touched." if there else "Nothing was published."
