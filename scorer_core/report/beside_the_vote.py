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
    same = evidence.get("plateau")
    if same:
        least = min(same["overlap_with_the_best"])
        facts.append(
            (f"the {len(same['trials'])} best keep the rows of the best", f"to {words.percent(least)} or more")
        )
    bounds = [f"{one['name']} at its {one['bound']}est value" for one in evidence["at_bounds"] if one["seen"]]
    facts.append(("at a bound of the space", "; ".join(bounds) or "none that the objective sees"))
    return facts


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
