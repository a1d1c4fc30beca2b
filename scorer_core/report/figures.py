"""The report's figures, as Plotly figures whose colours are the page's own CSS variables."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import plotly.graph_objects as go

from scorer_core.run.slot import Slot
from scorer_core.run.trials import Trial
from scorer_core.scoring.objective import Reason

SERIES = tuple(f"var(--series-{number})" for number in range(1, 7))
MAX_BARS = 4000
"""Above, trials that follow one another closely on a lane share a bar: a browser draws no more in good time."""
MAX_POINTS = 4000
"""Above, about so many trials are drawn, evenly chosen, and every one that was the best so far."""
_INK, _MUTED, _ACCENT, _GOOD = "var(--ink)", "var(--muted)", "var(--accent)", "var(--good)"


def objective_figure(trials: Sequence[Trial], candidate: int | None) -> go.Figure:
    """Draw the objective of the finished `trials` in order of finish, with the running best.

    Rejected masks are crosses on the bottom line: at their −1 they would flatten everything else.
    """
    order = sorted(trials, key=lambda trial: (trial.finished_at, trial.number))
    placed = list(enumerate(order, start=1))
    records = _records([(place, trial) for place, trial in placed if trial.reason is Reason.OK])
    bests = {place for place, _ in records}
    every = -(-len(placed) // MAX_POINTS) or 1
    drawn = [(place, trial) for place, trial in placed if place % every == 0 or place in bests]
    accepted = [(place, trial) for place, trial in drawn if trial.reason is Reason.OK]
    rejected = [(place, trial) for place, trial in drawn if trial.reason is not Reason.OK]
    values = [trial.score.objective for _, trial in accepted]
    floor = min(values) - 0.08 * (max(values) - min(values) or 1.0) if values else -1.0
    figure = blank_figure("trials in order of finish", "objective on the trial's sample", height=380)
    figure.add_scatter(**_points(accepted, values), name="trial", marker={"color": _ACCENT, "size": 7, "opacity": 0.75})
    if rejected:
        cross = {"symbol": "x-thin", "size": 7, "color": _MUTED, "line": {"width": 1.5, "color": _MUTED}}
        figure.add_scatter(**_points(rejected, [floor] * len(rejected)), name="rejected (−1)", marker=cross)
    if records:
        line = {"color": _GOOD, "width": 2, "shape": "hv"}
        xs = [*(place for place, _ in records), len(order)]
        best = [trial.score.objective for _, trial in (*records, records[-1])]
        figure.add_scatter(x=xs, y=best, mode="lines", name="best so far", line=line, hoverinfo="skip")
    chosen = [(place, trial) for place, trial in placed if trial.number == candidate and trial.reason is Reason.OK]
    ring = {"symbol": "circle-open", "size": 15, "color": "var(--gold)", "line": {"width": 3, "color": "var(--gold)"}}
    if chosen:
        figure.add_scatter(
            **_points(chosen, [trial.score.objective for _, trial in chosen]), name="candidate", marker=ring
        )
    return figure


def lanes_figure(trials: Sequence[Trial]) -> go.Figure:
    """Draw the finished `trials` over time, in seconds since the first start: a row a lane, a bar a trial."""
    lanes = sorted({(trial.node, trial.gpu) for trial in trials}, reverse=True)
    origin = min((_moment(trial.started_at) for trial in trials), default=0.0)
    figure = blank_figure("seconds since the first trial started", "", height=110 + 19 * max(len(lanes), 2))
    nodes = sorted({node for node, _ in lanes})
    for number, node in enumerate(nodes):
        spans = _spans([trial for trial in trials if trial.node == node], joined=len(trials) > MAX_BARS)
        color = SERIES[number % len(SERIES)]
        figure.add_bar(
            orientation="h",
            name=_text(node),
            y=[lane_label(node, gpu) for gpu, *_ in spans],
            base=[round(start - origin, 4) for _, start, _, _ in spans],
            x=[round(end - start, 4) for _, start, end, _ in spans],
            customdata=[label for *_, label in spans],
            hovertemplate="%{y}<br>%{customdata}<br>%{base:.2f} s, for %{x:.3f} s<extra></extra>",
            marker={"color": color, "line": {"color": "var(--surface)", "width": 0.5}},
        )
    labels = [lane_label(*lane) for lane in lanes]
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=labels, showgrid=False, dtick=1)
    figure.update_layout(barmode="overlay", bargap=0.25)
    return figure


def shares_figure(groups: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Draw the minority's share of all rows and of the kept ones.

    Each group has a `name` and a list of `bars`: `label`, `minority`, `rows`.
    """
    figure = blank_figure("", "minority share", height=340)
    labels = list(dict.fromkeys(bar["label"] for group in groups for bar in group["bars"]))
    for label, color in zip(labels, ("var(--plain)", _ACCENT, "var(--gold)"), strict=False):
        bars = [(group["name"], bar) for group in groups for bar in group["bars"] if bar["label"] == label]
        shares = [bar["minority"] / bar["rows"] if bar["rows"] else 0.0 for _, bar in bars]
        figure.add_bar(
            name=label,
            x=[name for name, _ in bars],
            y=shares,
            text=[
                f"{share:.1%}<br>{bar['minority']:,} of {bar['rows']:,}"
                for share, (_, bar) in zip(shares, bars, strict=True)
            ],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
            marker={"color": color},
        )
    top = max((bar["minority"] / bar["rows"] for group in groups for bar in group["bars"] if bar["rows"]), default=1.0)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.25 * top or 1.0])
    figure.update_xaxes(showgrid=False)
    figure.update_layout(barmode="group", bargap=0.3, bargroupgap=0.08)
    return figure


def lane_label(node: str, gpu: int) -> str:
    """Return the name of a lane, as the task has it; harmless in a figure."""
    return _text(Slot(node, gpu).label)


def blank_figure(x_title: str, y_title: str, height: int) -> go.Figure:
    """Return a figure without traces, in the page's own colours."""
    axis = {"gridcolor": "var(--line)", "linecolor": "var(--line)", "zeroline": False, "automargin": True}
    layout = go.Layout(
        template="none",
        height=height,
        margin={"l": 12, "r": 12, "t": 44, "b": 12},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 12, "color": _INK},
        hoverlabel={"bgcolor": "var(--surface)", "bordercolor": "var(--line)", "font": {"color": _INK}},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"color": _MUTED}},
        showlegend=True,
        hovermode="closest",
        xaxis={**axis, "title": {"text": x_title, "font": {"color": _MUTED}}},
        yaxis={**axis, "title": {"text": y_title, "font": {"color": _MUTED}}},
    )
    return go.Figure(layout=layout)


def _records(placed: Sequence[tuple[int, Trial]]) -> list[tuple[int, Trial]]:
    """Return the trials that were better than every one before."""
    records: list[tuple[int, Trial]] = []
    for place, trial in placed:
        if not records or trial.score.objective > records[-1][1].score.objective:
            records.append((place, trial))
    return records


def _points(placed: Sequence[tuple[int, Trial]], heights: Sequence[float]) -> dict[str, Any]:
    told = [
        f"trial {trial.number} · {lane_label(trial.node, trial.gpu)}<br>"
        f"objective {trial.score.objective:.4f} · keeps {trial.score.keep:.1%} · {_text(trial.score.reason.value)}"
        for _, trial in placed
    ]
    xs = [place for place, _ in placed]
    return {"x": xs, "y": list(heights), "mode": "markers", "hovertext": told, "hoverinfo": "text"}


def _spans(trials: Sequence[Trial], joined: bool) -> list[tuple[int, float, float, str]]:
    """Return GPU, start, end and label of each trial, or of each run of trials without a visible gap."""
    spans = [
        (trial.gpu, _moment(trial.started_at), _moment(trial.finished_at), f"trial {trial.number}") for trial in trials
    ]
    spans.sort()
    if not joined:
        return spans
    gap = (max(end for _, _, end, _ in spans) - min(start for _, start, _, _ in spans)) / 200
    merged: list[tuple[int, float, float, str]] = []
    for gpu, start, end, _ in spans:
        if merged and merged[-1][0] == gpu and start - merged[-1][2] <= gap:
            merged[-1] = (gpu, merged[-1][1], max(end, merged[-1][2]), "several trials")
        else:
            merged.append((gpu, start, end, "several trials"))
    return merged


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _text(text: object) -> str:
    """Escape a text for Plotly, which reads a little HTML in labels."""
    return html.escape(str(text), quote=False)
