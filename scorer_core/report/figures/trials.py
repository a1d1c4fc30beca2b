"""The search: each trial's objective, and each lane's time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import ScalarFormatter

from scorer_core.report.figures.drawing import colour, label, legend_above, series
from scorer_core.run.slot import Slot
from scorer_core.run.trials import Trial
from scorer_core.scoring.objective import Reason

MAX_BARS = 2000
"""Above, trials that follow one another closely on a lane share a bar."""
MAX_POINTS = 1000
"""Above, about so many trials are drawn, evenly chosen, and every one that was the best so far."""
MAX_EDGED = 500
"""Above, bars have no edge: it would be all that is left of them."""
SHORTEST = 0.001
"""The share of the width that a bar has at least: a pixel, so that the shortest trial is seen."""
NAMED_LANES = 40
"""Above, rigs are named beside their lanes, which are thinner, and not each lane."""
Placed = list[tuple[int, Trial]]


def draw_objective(axes: Axes, trials: Sequence[Trial], candidate: int | None, unit: str = "trial") -> None:
    """Draw the objective of the finished `trials` in order of finish, with the running best.

    Rejected masks are crosses on a line of their own, which has a name instead of a value: at their −1 they would
    flatten everything else. `unit` is what the engine calls a ticket.
    """
    placed = list(enumerate(sorted(trials, key=lambda trial: (trial.finished_at, trial.number)), start=1))
    records = _records([(place, trial) for place, trial in placed if trial.reason is Reason.OK])
    bests, every = {place for place, _ in records}, -(-len(placed) // MAX_POINTS) or 1
    drawn = [(place, trial) for place, trial in placed if place % every == 0 or place in bests]
    accepted = [one for one in drawn if one[1].reason is Reason.OK]
    rejected = [place for place, trial in drawn if trial.reason is not Reason.OK]
    values = [trial.score.objective for _, trial in accepted]
    floor = min(values) - 0.08 * (max(values) - min(values) or 1.0) if values else -1.0
    axes.plot(*_points(accepted), "o", color=colour("accent"), markersize=5, alpha=0.75, mew=0, label=unit)
    if rejected:
        axes.plot(rejected, [floor] * len(rejected), "x", color=colour("muted"), markersize=5, label="mask rejected")
    if records:
        line = [*records, (len(placed), records[-1][1])]
        axes.step(*_points(line), where="post", color=colour("good"), linewidth=2, label="best so far")
    chosen = [(place, trial) for place, trial in placed if trial.number == candidate and trial.reason is Reason.OK]
    if chosen:
        ring: dict[str, Any] = {"markersize": 13, "mfc": "none", "mew": 2.5, "color": colour("gold")}
        axes.plot(*_points(chosen), "o", label="candidate", **ring)
    axes.set_xlabel(f"{unit}s in order of finish")
    axes.set_ylabel("objective")
    axes.set_xlim(0, len(placed) + 1)
    if rejected:
        _name_the_floor(axes, floor, min(values, default=1.0))
    legend_above(axes)


def draw_lanes(axes: Axes, trials: Sequence[Trial]) -> None:
    """Draw the finished `trials` over time, in seconds since the first start: a row a lane, a bar a trial."""
    lanes = sorted({(trial.node, trial.gpu) for trial in trials})
    rows = {lane: row for row, lane in enumerate(lanes)}
    origin = min((_moment(trial.started_at) for trial in trials), default=0.0)
    least = SHORTEST * (max((_moment(trial.finished_at) for trial in trials), default=0.0) - origin)
    nodes = {node: number for number, node in enumerate(dict.fromkeys(node for node, _ in lanes))}
    for lane, spans in _spans(trials).items():
        bars = [(start - origin, max(end - start, least)) for start, end in spans]
        line: dict[str, Any] = {"edgecolor": colour("surface"), "linewidth": 0.5 * (len(trials) <= MAX_EDGED)}
        axes.broken_barh(bars, (rows[lane] - 0.4, 0.8), facecolor=series(nodes[lane[0]]), **line)
    if len(lanes) <= NAMED_LANES:
        axes.set_yticks(range(len(lanes)), [lane_label(*lane) for lane in lanes])
    else:
        of_node = {node: [row for _, row in found] for node, found in groupby(rows.items(), key=lambda one: one[0][0])}
        axes.set_yticks([float(np.mean(found)) for found in of_node.values()], [label(node) for node in of_node])
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("seconds since the first trial started")


def _name_the_floor(axes: Axes, floor: float, lowest: float) -> None:
    """Write "rejected" beside the lowest line, where a number would say what no trial has."""
    low, high = axes.get_ylim()
    ticks = [float(tick) for tick in axes.get_yticks() if lowest <= tick <= high]
    written = ScalarFormatter(useOffset=False)
    written.set_axis(axes.yaxis)
    axes.set_yticks([floor, *ticks], ["rejected", *(written.format_ticks(ticks) if ticks else [])])
    axes.set_ylim(low, high)


def lanes_height(trials: Sequence[Trial]) -> int:
    """Return the pixels that the lanes need."""
    lanes = len({(trial.node, trial.gpu) for trial in trials})
    return 80 + (19 if lanes <= NAMED_LANES else 6) * max(lanes, 2)


def lane_label(node: str, gpu: int) -> str:
    """Return the name of a lane, as the task has it."""
    return label(Slot(node, gpu).label)


def _records(placed: Placed) -> Placed:
    """Return the trials that were better than every one before."""
    records: Placed = []
    for place, trial in placed:
        if not records or trial.score.objective > records[-1][1].score.objective:
            records.append((place, trial))
    return records


def _points(placed: Placed) -> tuple[list[int], list[float]]:
    return [place for place, _ in placed], [trial.score.objective for _, trial in placed]


def _spans(trials: Sequence[Trial]) -> dict[tuple[str, int], list[tuple[float, float]]]:
    """Return start and end of each trial by its lane; of very many, of each run of trials without a visible gap."""
    spans: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for trial in sorted(trials, key=lambda one: one.started_at):
        span = _moment(trial.started_at), _moment(trial.finished_at)
        spans.setdefault((trial.node, trial.gpu), []).append(span)
    if len(trials) <= MAX_BARS:
        return spans
    every = [span for found in spans.values() for span in found]
    gap = (max(end for _, end in every) - min(start for start, _ in every)) / 200
    return {lane: _joined(sorted(found), gap) for lane, found in spans.items()}


def _joined(spans: Sequence[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    joined = [spans[0]]
    for start, end in spans[1:]:
        if start - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
