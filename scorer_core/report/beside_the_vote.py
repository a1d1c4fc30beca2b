"""What the report shows beside the verdict: figures and facts of evidence.json; none of it had a vote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from scorer_core.report import words
from scorer_core.report.figures import blank_figure

Record = Mapping[str, Any]
Facts = list[tuple[str, str]]

_ACCENT, _GOOD, _GOLD, _PLAIN = "var(--accent)", "var(--good)", "var(--gold)", "var(--plain)"


def evidence_figures(evidence: Record | None) -> list[tuple[str, str, str, go.Figure]]:
    """Return the figures that there is evidence for: id, title, how to read it, the figure."""
    found: list[tuple[str, str, str, go.Figure]] = []
    if evidence is None:
        return found
    null, curve, shares = (evidence.get(name) for name in ("null_of_best", "lift_curve", "importance"))
    if null:
        told = (
            f"Labels shuffled {null['permutations']:,} times, the same masks scored: the best of a search that has "
            f"nothing to find. As good as this run's best or better: {words.percent(null['p_value'])} of them. "
            "No vote: the search climbed the real labels."
        )
        found.append(("null-of-best", "Could the best objective be chance?", told, null_figure(null)))
    if curve and curve["mean_optimism"] is not None:
        told = (
            "The ten finalists, best objective first. Where the holdout's line lies below the search rows' line, the "
            f"difference was luck: {curve['mean_optimism']:.2f} of lift on average."
        )
        found.append(("lift-curve", "Lift of the ten best, search rows against holdout", told, lift_figure(curve)))
    if shares:
        told = (
            "Which of the searched parameters tell the best trials from the others (PED-ANOVA). Grey ones, which only "
            "runs of earlier releases searched, the objective does not see."
        )
        found.append(("importance", "Which parameters mattered", told, importance_figure(shares)))
    return found


def evidence_facts(evidence: Record | None, regret: Record | None) -> Facts:
    """Return the numbers beside the vote: max-T, optimism, parameters at a bound, regret."""
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
    if evidence["left_out"]:
        facts.append(("permutations left out", evidence["left_out"]))
    if evidence["max_t"]:
        candidate, masks = evidence["max_t"]["candidate"], evidence["max_t"]["masks"]
        told = f"{words.p_value(candidate['p_value'])} over {masks:,} masks tried"
        facts.append(("max-T p-value of the candidate, search rows", told))
    if evidence["lift_curve"]["mean_optimism"] is not None:
        facts.append(("mean optimism of the ten best", words.number(evidence["lift_curve"]["mean_optimism"], 3)))
    bounds = [f"{one['name']} at its {one['bound']}est value" for one in evidence["at_bounds"] if one["seen"]]
    facts.append(("at a bound of the space", "; ".join(bounds) or "none that the objective sees"))
    return facts


def null_figure(null: Record) -> go.Figure:
    """Draw the histogram of the best objective under shuffled labels, and this run's best."""
    edges, counts = null["histogram"]["edges"], null["histogram"]["counts"]
    figure = blank_figure("best objective of the run", "shuffled pools", height=300)
    middles = [(low + high) / 2 for low, high in zip(edges, edges[1:], strict=False)]
    figure.add_bar(x=middles, y=counts, name="labels shuffled", marker={"color": _PLAIN}, hoverinfo="skip")
    tall = max(counts)
    line = {"color": _GOOD, "width": 3}
    figure.add_scatter(x=[null["best"]] * 2, y=[0, tall], mode="lines", name="this run's best", line=line)
    limit = null["quantiles"]["0.95"]
    dashed = {"color": _GOLD, "width": 2, "dash": "dash"}
    figure.add_scatter(x=[limit] * 2, y=[0, tall], mode="lines", name="95 % of shuffled pools are below", line=dashed)
    figure.update_layout(bargap=0.02)
    return figure


def lift_figure(curve: Record) -> go.Figure:
    """Draw the finalists' lift on search rows and on the holdout."""
    figure = blank_figure("finalist", "lift", height=320)
    names = [f"trial {one['trial']}" for one in curve["finalists"]]
    for side, name, color in (("search_lift", "search rows", _ACCENT), ("holdout_lift", "holdout", _GOOD)):
        values = [one[side] for one in curve["finalists"]]
        figure.add_scatter(x=names, y=values, mode="lines+markers", name=name, line={"color": color, "width": 2})
    figure.add_hline(y=1.0, line={"color": "var(--muted)", "width": 1, "dash": "dot"})
    figure.update_xaxes(type="category")
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
