"""The figure of the calibration: p-values without signal, and what is published with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.calibration.table import load_results
from scorer_core.errors import InputError

_SIZE = (15.0, 5.6)
_APART = 0.08
_TITLES = (
    "No signal: log10 of p, the whole space paid for",
    "A planted signal: published as the first decision",
    "The same runs as the 60th decision",
)
_COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#17becf")


def write_figure(folder: Path, out: Path) -> None:
    """Draw the figure from the results in a folder, in the format that the ending of `out` names.

    Raises:
        InputError: there are no results to draw.
    """
    results = load_results(folder)
    if not {"null", "power"} & set(results):
        raise InputError(f"{folder} holds no results of the studies null and power; run one of them first.")
    draw(results).savefig(out)


def draw(results: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Return the three panels; one whose study is missing stays empty."""
    figure = Figure(figsize=_SIZE, dpi=100, layout="constrained")
    panels = figure.subplots(1, 3)
    for panel, title in zip(panels, _TITLES, strict=True):
        panel.set_title(title, fontsize=10)
        panel.set_ylim(-0.02, 1.04)
        panel.set_ylabel("share of runs")
        panel.grid(color="#e5e5e5")
        panel.set_axisbelow(True)
    for colour, condition in zip(_COLOURS, results.get("null", {}).get("conditions", []), strict=False):
        _p_values(panels[0], condition, colour)
    panels[0].set_xlabel("log10 p")
    conditions = results.get("power", {}).get("conditions", [])
    _power(panels[1], conditions, 0)
    _power(panels[2], conditions, -1)
    for panel in panels:
        if panel.get_legend_handles_labels()[1]:
            panel.legend(frameon=False, fontsize=9)
    return figure


def _p_values(panel: Axes, condition: Mapping[str, Any], colour: str) -> None:
    p_values = condition["log10_p_space"]
    panel.plot(p_values, np.linspace(0, 1, len(p_values)), color=colour, label=condition["engine"])


def _power(panel: Axes, conditions: Sequence[Mapping[str, Any]], decision: int) -> None:
    """Draw one decision; the engines stand a little apart, so that intervals can be read."""
    engines = list(dict.fromkeys(condition["engine"] for condition in conditions))
    lifts = sorted({condition["lift"] for condition in conditions})
    for number, (colour, engine) in enumerate(zip(_COLOURS, engines, strict=False)):
        rows = [condition for condition in conditions if condition["engine"] == engine]
        x = [lifts.index(row["lift"]) + _APART * (number - (len(engines) - 1) / 2) for row in rows]
        shares = [row["published"][decision] for row in rows]
        rates = np.array([share["rate"] for share in shares])
        ends = np.array([[share["low"] for share in shares], [share["high"] for share in shares]])
        panel.errorbar(x, rates, abs(ends - rates), fmt="o-", color=colour, lw=1.5, elinewidth=1, ms=4, label=engine)
    panel.set_xticks(range(len(lifts)), [f"{lift:g}" for lift in lifts])
    panel.set_xlabel("planted lift")
