"""What the report shows beside the verdict: figures and facts of evidence.json; none of it had a vote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from scorer_core.report import words
from scorer_core.report.figures import blank_figure

Record = Mapping[str, Any]
Facts = list[tuple[str, str]]

_ACCENT, _PLAIN = "var(--accent)", "var(--plain)"


def evidence_figures(evidence: Record | None) -> list[tuple[str, str, str, go.Figure]]:
    """Return the figures that there is evidence for: id, title, how to read it, the figure."""
    found: list[tuple[str, str, str, go.Figure]] = []
    if evidence is None:
        return found
    chance, curve = evidence.get("chance"), evidence.get("sensitivity")
    if chance:
        told = (
            "How good the best config of the whole space is, against the best of the same space when labels are "
            "permuted within Step 1 trials: chance brings forth the grey ones."
        )
        found.append(("chance", "The best of the space, and by chance", told, chance_figure(chance)))
    if curve:
        told = (
            "The chance that a mask like the candidate passes, if its true lift were this: what the pool was able to "
            "show, whatever it did show."
        )
        found.append(("sensitivity", "What this pool could have shown", told, sensitivity_figure(curve)))
    if evidence.get("by_trial", {}).get("trials"):
        told = (
            "What the candidate keeps of the minority in the largest Step 1 trials, over what chance would keep: a "
            "finding of one trial alone stands out."
        )
        found.append(("by_trial", "Lift by Step 1 trial", told, by_trial_figure(evidence["by_trial"]["trials"])))
    shares = evidence.get("importance")
    if shares:
        told = (
            "Which of the searched parameters tell the best trials from the others (PED-ANOVA). Grey ones, which only "
            "runs of earlier releases searched, the objective does not see."
        )
        found.append(("importance", "Which parameters mattered", told, importance_figure(shares)))
    return found


def evidence_facts(evidence: Record | None, regret: Record | None) -> Facts:
    """Return the numbers beside the vote: overlap of the best, parameters at a bound, regret."""
    facts: Facts = []
    if evidence is not None:
        facts += _told(evidence)
    if regret is not None:
        optimum, sampled = regret["optimum"], regret["sampled"]
        by = "a sweep on the head" if optimum["run_id"] is None else f"the sweep {optimum['run_id']}"
        facts.append(("optimum of these rows", f"{words.number(optimum['objective'])}, by {by}"))
        facts.append((f"best found by {sampled['search']}", f"{words.number(sampled['objective'])}"))
        facts.append(("regret", words.number(regret["regret"])))
    return facts


def _told(evidence: Record) -> Facts:
    if "error" in evidence:
        return [("could not be computed", f"{evidence['error']}; see the log of quality_gate")]
    facts: Facts = []
    chance, trials = evidence.get("chance"), evidence.get("by_trial")
    if chance:
        told = f"p = {words.number(chance['p'])}, of {len(chance['permuted'])} permutations of the labels within trials"
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


def chance_figure(chance: Record) -> go.Figure:
    """Draw the evidence of the space's best, of the pool as it is and of each permutation, and what proves a config."""
    figure = blank_figure("evidence of the best config (nats)", "", height=170)
    kinds = (("by chance", chance["permuted"], _PLAIN, 8), ("this pool", [chance["observed"]], _ACCENT, 14))
    for name, values, color, size in kinds:
        marker = {"color": color, "size": size}
        figure.add_scatter(x=values, y=[""] * len(values), mode="markers", name=name, marker=marker)
    figure.add_vline(x=chance["proven"], line_dash="dot", annotation_text="proven")
    figure.update_yaxes(type="category", showgrid=False)
    return figure


def sensitivity_figure(curve: list[Record]) -> go.Figure:
    """Draw the chances to pass the two checks against the true lift."""
    figure = blank_figure("true lift", "chance to pass", height=260)
    for name, color in (("real", _ACCENT), ("worth_it", _PLAIN)):
        figure.add_scatter(
            x=[one["lift"] for one in curve],
            y=[one[name] for one in curve],
            mode="lines+markers",
            name=name,
            line={"color": color},
        )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
    return figure


def by_trial_figure(trials: list[Record]) -> go.Figure:
    """Draw the lift in each Step 1 trial."""
    figure = blank_figure("lift", "Step 1 trial", height=90 + 22 * len(trials))
    figure.add_bar(
        orientation="h",
        y=[str(one["trial"]) for one in trials],
        x=[one["minority_kept"] / one["expected"] for one in trials],
        text=[f"{one['minority_kept']:,} for {words.number(one['expected'], 3)}" for one in trials],
        marker={"color": _ACCENT},
    )
    figure.add_vline(x=1.0, line_dash="dot")
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return figure


def importance_figure(shares: list[Record]) -> go.Figure:
    """Draw each parameter's share of importance, those that the objective does not see in grey."""
    figure = blank_figure("share of importance", "", height=90 + 26 * len(shares))
    for seen, name, color in ((True, "seen by the objective", _ACCENT), (False, "not seen", _PLAIN)):
        chosen = [one for one in shares if one["seen"] is seen]
        figure.add_bar(
            orientation="h",
            name=name,
            y=[one["name"] for one in chosen],
            x=[one["share"] for one in chosen],
            marker={"color": color},
        )
    order = [one["name"] for one in shares]
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=order[::-1], showgrid=False, dtick=1)
    figure.update_xaxes(tickformat=".0%")
    return figure
