"""The figure of the calibration: p-values against uniform, publish rate against lift. PNG by a real browser."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from bench.calibration.table import load_results
from scorer_core.errors import InputError

_WIDTH, _HEIGHT = 1300, 560
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
    """Return both panels; one whose study is missing stays empty."""
    titles = ("Holdout p-values without signal: share at most p", "Published, by planted lift (95 % intervals)")
    figure = make_subplots(rows=1, cols=2, subplot_titles=titles)
    figure.update_layout(width=_WIDTH, height=_HEIGHT, template="plotly_white")
    for colour, condition in zip(_COLOURS, results.get("null", {}).get("conditions", []), strict=False):
        _p_values(figure, condition, colour)
    line = {"x": [0, 1], "y": [0, 1], "mode": "lines", "name": "uniform", "line": {"color": "black", "dash": "dot"}}
    figure.add_trace(go.Scatter(line), row=1, col=1)
    _power(figure, results.get("power", {}).get("conditions", []))
    figure.update_xaxes(title_text="p", row=1, col=1)
    figure.update_xaxes(title_text="planted lift", row=1, col=2)
    figure.update_yaxes(title_text="share of runs", range=[-0.02, 1.04])
    return figure


def _p_values(figure: go.Figure, condition: Mapping[str, Any], colour: str) -> None:
    p_values = np.sort([run["p_value"] for run in condition["runs"] if run["p_value"] is not None])
    shares = np.arange(1, len(p_values) + 1) / max(len(p_values), 1)
    line = {"color": colour, "shape": "hv"}
    trace = go.Scatter(
        x=p_values.tolist(), y=shares.tolist(), mode="lines", name=f"null {condition['engine']}", line=line
    )
    figure.add_trace(trace, row=1, col=1)


def _power(figure: go.Figure, conditions: list[Mapping[str, Any]]) -> None:
    engines = list(dict.fromkeys(condition["engine"] for condition in conditions))
    for colour, engine in zip(_COLOURS, engines, strict=False):
        rows = [condition for condition in conditions if condition["engine"] == engine]
        shares = [row["published"] for row in rows]
        bars = {
            "array": [share["high"] - share["rate"] for share in shares],
            "arrayminus": [share["rate"] - share["low"] for share in shares],
        }
        x = [row["lift"] for row in rows]
        y, line = [share["rate"] for share in shares], {"color": colour}
        figure.add_trace(go.Scatter(x=x, y=y, error_y=bars, name=f"gate {engine}", line=line), row=1, col=2)
        noise, dots = [row["old_noise"]["rate"] for row in rows], {"color": colour, "dash": "dot"}
        old = go.Scatter(x=x, y=noise, mode="lines", name=f"old rule {engine}: noise published", line=dots)
        figure.add_trace(old, row=1, col=2)
