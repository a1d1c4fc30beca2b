"""The numbers of a decision, as the report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scorer_core.gate.changes import Changes
from scorer_core.report import words

Record = Mapping[str, Any]
Facts = list[tuple[str, str]]


def gate_facts(gate: Record | None, unit: str) -> Facts:
    """Return what a decision found, in this release or an earlier one; `unit` is what the engine calls a ticket."""
    if gate is None:
        return [("verdict", "none yet")]
    number = gate["decision"]
    facts = [
        ("verdict", gate["verdict"]),
        ("decision of this installation", "none was asked for" if number is None else f"number {number}"),
        ("α of the installation's life", words.number(gate["alpha"])),
        ("α of this decision", words.number(gate["alpha_j"])),
    ]
    candidate, proof = gate["candidate"], gate.get("proof")
    if candidate is not None and "evaluation" in candidate:
        found, number = candidate["evaluation"], candidate["trial_number"]
        facts.append(("candidate", "no shard's best" if number is None else f"{unit} {number}"))
        facts.append(("objective on all rows", words.number(found["objective"])))
        facts.append(("keeps of all rows", f"{words.number(found['subset_n'])} ({words.percent(found['keep'])})"))
    if proof is not None:
        facts += _proof_facts(proof)
    if gate.get("excludes") is not None:
        facts.append(("lifts excluded, for configs that keep a tenth", f"above {words.number(gate['excludes'])}"))
    if gate.get("changes"):
        facts.append(("changed", Changes(**gate["changes"]).describe()))
    return facts + _champion_facts(gate.get("champion"))


def _proof_facts(proof: Record) -> Facts:
    kept, expected = words.number(proof["minority_kept"]), words.number(proof["expected"])
    folds = "; ".join(f"{minority:,} for {words.number(mean, 3)}" for minority, mean in proof["folds"])
    return [
        ("minority rows kept, and by chance", f"{kept}, {expected}"),
        ("guaranteed lift", words.number(proof["guaranteed_lift"])),
        ("cross-fitted lift", words.number(proof["cross_fitted_lift"])),
        ("lift on the rows that it was picked on", words.number(proof["lift"])),
        ("p, the whole space paid for", words.power_of_ten(proof["log10_p_space"])),
        ("minority kept and by chance, fold by fold", folds),
        ("folds in which the same config was picked", f"{proof['same_in_folds']} of {len(proof['folds'])}"),
    ]


def _champion_facts(champion: Record | None) -> Facts:
    """Return how candidate and published config compare; nothing of what an earlier release wrote."""
    if champion is None or "same_mask" not in champion:
        return []
    lift = words.number(champion["lift_at_most"])
    return [
        (
            "published config",
            "the same mask" if champion["same_mask"] else "stale" if champion["stale"] else "not stale",
        ),
        (
            "its objective, and the candidate's, on all rows",
            _pair(champion["objective"], champion["candidate_objective"]),
        ),
        ("its lift, at most, with 95 % confidence", lift),
        ("rows that are new to it", words.number(champion["fresh_rows"])),
        ("difference there, in standard errors", words.number(champion["ratio"])),
        (f"needed by challenger {champion['challenger']}", words.number(champion["needed"])),
    ]


def _pair(one: float, other: float) -> str:
    return f"{words.number(one)}, {words.number(other)}"
