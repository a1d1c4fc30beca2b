"""What the report shows beside the verdict: the facts of evidence.json; none of it had a vote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scorer_core.report import words
from scorer_core.report.summary import RunSummary

Record = Mapping[str, Any]
Facts = list[tuple[str, str]]


def evidence_facts(summary: RunSummary) -> Facts:
    """Return the numbers beside the vote: overlap of the best, parameters at a bound, regret."""
    evidence, regret = summary.evidence, summary.regret
    facts = [] if evidence is None else _told(evidence)
    if regret is not None:
        optimum, sampled = regret["optimum"], regret["sampled"]
        facts.append(("optimum of these rows", words.number(optimum["objective"]) + _whose(optimum, summary)))
        facts.append(
            (f"best that {sampled['search']} found", words.number(sampled["objective"]) + _whose(sampled, summary))
        )
        facts.append(("regret of sampling", words.number(regret["regret"])))
    return facts


def _whose(answer: Record, summary: RunSummary) -> str:
    if answer["run_id"] == summary.run_id:
        return ", by this run"
    return ", by a sweep on the head" if answer["run_id"] is None else f", by run {answer['run_id']}"


def _counted(chance: Record) -> str:
    """Return how many permutations were counted, and of how many where some are missing."""
    counted = len(chance["permuted"])
    asked = chance.get("asked", counted)  # releases before 0.2 did not write it
    return f"{counted}" if counted == asked else f"{counted} of {asked}"


def _told(evidence: Record) -> Facts:
    if "error" in evidence:
        return [("could not be computed", f"{evidence['error']}; see the log of quality_gate")]
    facts: Facts = []
    chance, trials = evidence.get("chance"), evidence.get("by_trial")
    if chance:
        told = f"p = {words.number(chance['p'])}, of {_counted(chance)} permutations of the labels within trials"
        facts.append(("the space's best against chance", told))
        facts.append(("configs that are proven", f"{chance['passing']:,} of {chance['configs']:,} at least"))
    if trials:
        told = f"in {trials['above']:,} of {trials['with_both_labels']:,} that have both labels"
        facts.append(("lift above 1 by Step 1 trial", told))
    same = evidence.get("plateau")
    if same:
        least = min(same["overlap_with_the_best"])
        facts.append(
            (f"the {len(same['trials'])} best keep the rows of the best", f"to {words.percent(least)} or more")
        )
    bounds = [f"{one['name']} at its {one['bound']}est value" for one in evidence["at_bounds"] if one["seen"]]
    facts.append(("at a bound of the space", "; ".join(bounds) or "none that the objective sees"))
    return facts
