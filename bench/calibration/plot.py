"""The figure of the calibration: p-values without signal, what is published with one. PNG by a real browser."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from bench.calibration.table import load_results
from scorer_core.errors import InputError

_WIDTH, _HEIGHT = 1500, 560
_APART = 0.08
_TITLES = (
    "No signal: log10 of p, the whole space paid for",
    "A planted signal: published as the first decision",
    "The same runs as the 60th decision",
)
_COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#17becf")


def write_figure(folder: Path, out: Path) -> None:
    """Draw the figure from the results in a folder; an `.html` file needs no browser.

    Raises:
        InputError: there are no results to draw, or there is no browser.
    """
    results = load_results(folder)
    if not {"null", "power"} & set(results):
        raise InputError(f"{folder} holds no results of the studies null and power; run one of them first.")
    figure = draw(results)
    if out.suffix == ".html":
        figure.write_html(out)
        return
    chromium = shutil.which("chromium")
    if chromium is None:
        raise InputError(
            f"chromium, which draws {out}, is not installed; install it, or name an .html file with --out."
        )
    from playwright.sync_api import sync_playwright  # of the test environment only

    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        page_file = Path(temporary) / "figure.html"
        figure.write_html(page_file, config={"displayModeBar": False})
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH + 16, "height": _HEIGHT + 16})
        page.goto(page_file.as_uri())
        page.wait_for_selector(".main-svg")
        page.locator(".plot-container").first.screenshot(path=out)
        browser.close()


def draw(results: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Return the three panels; one whose study is missing stays empty."""
    figure = make_subplots(rows=1, cols=3, subplot_titles=_TITLES, horizontal_spacing=0.06)
    for colour, condition in zip(_COLOURS, results.get("null", {}).get("conditions", []), strict=False):
        _p_values(figure, condition, colour)
    _power(figure, results.get("power", {}).get("conditions", []))
    figure.update_xaxes(title_text="log10 p", row=1, col=1)
    figure.update_yaxes(title_text="share of runs", range=[-0.02, 1.04])
    under = {"orientation": "h", "yanchor": "top", "y": -0.17, "xanchor": "center"}
    figure.update_layout(width=_WIDTH, height=_HEIGHT, template="plotly_white", margin={"t": 60, "l": 70, "r": 20})
    figure.update_layout(legend={**under, "x": 0.15}, legend2={**under, "x": 0.68})
    return figure


def _p_values(figure: go.Figure, condition: Mapping[str, Any], colour: str) -> None:
    p_values = np.sort([run["log10_p_space"] for run in condition["runs"] if run["log10_p_space"] is not None])
    shares = np.arange(1, len(p_values) + 1) / max(len(p_values), 1)
    line = {"color": colour, "shape": "hv"}
    trace = go.Scatter(x=p_values.tolist(), y=shares.tolist(), mode="lines", name=condition["engine"], line=line)
    figure.add_trace(trace.update(legend="legend"), row=1, col=1)


def _power(figure: go.Figure, conditions: Sequence[Mapping[str, Any]]) -> None:
    """Draw the first decision and the last; the engines stand a little apart, so that intervals can be read."""
    engines = list(dict.fromkeys(condition["engine"] for condition in conditions))
    lifts = sorted({condition["lift"] for condition in conditions})
    for number, (colour, engine) in enumerate(zip(_COLOURS, engines, strict=False)):
        rows = [condition for condition in conditions if condition["engine"] == engine]
        x = [lifts.index(row["lift"]) + _APART * (number - (len(engines) - 1) / 2) for row in rows]
        for column, place in ((2, 0), (3, -1)):
            trace = _shares(x, [row["published"][place] for row in rows], colour)
            trace.update(name=engine, legendgroup=engine, showlegend=column == 2, legend="legend2")
            figure.add_trace(trace, row=1, col=column)
    for column in (2, 3):
        ticks = {"tickvals": list(range(len(lifts))), "ticktext": [f"{lift:g}" for lift in lifts]}
        figure.update_xaxes(title_text="planted lift", row=1, col=column, **ticks)


def _shares(x: Sequence[float], shares: Sequence[Mapping[str, float]], colour: str) -> go.Scatter:
    bars = {
        "array": [share["high"] - share["rate"] for share in shares],
        "arrayminus": [share["rate"] - share["low"] for share in shares],
        "thickness": 1,
        "width": 0,
    }
    line = {"color": colour, "width": 1.5}
    return go.Scatter(x=x, y=[share["rate"] for share in shares], error_y=bars, mode="lines+markers", line=line)
