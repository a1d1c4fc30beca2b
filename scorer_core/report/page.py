"""report.html: the run for a reader; one page, offline, whole or not at all."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from scorer_core import __version__
from scorer_core.report import view, words
from scorer_core.report.banner import banner_of
from scorer_core.report.beside_the_vote import evidence_figures
from scorer_core.report.figures import MAX_BARS, MAX_POINTS, lanes_figure, objective_figure, shares_figure
from scorer_core.report.summary import RunSummary, by_objective, read_prepared
from scorer_core.run.folder import RunFile, RunFiles
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState, Trial

PLOTLY_NAME = ".plotly.min.js"
_SHOWN_FILES = ("summary", "verdict", "evidence", "config", "trials", "sweep", "collected", "run")


def write_report(files: RunFiles, summary: RunSummary, trials: Sequence[Trial]) -> None:
    """Write report.html (0600), whole or not at all, from the run's summary, its trials and its folder.

    .plotly.min.js is kept once, beside the run folders; without it the page still
    says everything in its tables.
    """
    page = _environment().get_template("report.html.j2").render(_content(files, summary, trials))
    _keep_plotly(files.beside(PLOTLY_NAME))
    files.report.write_bytes(page.encode())


def _content(files: RunFiles, summary: RunSummary, trials: Sequence[Trial]) -> dict[str, Any]:
    done = [trial for trial in trials if trial.has_result]
    failed = [trial for trial in trials if trial.state is TicketState.FAILED]
    run = read_prepared(files)
    script = _source("report.js")
    return {
        "summary": summary,
        "run": run,
        "version": __version__,
        "banner": banner_of(summary, prepared=run is not None),
        "tiles": view.tiles(summary),
        "checks": view.checks(summary),
        "numbers": view.numbers(summary, done, run),
        "parameters": view.parameters(summary),
        "figures": _figures(summary, done),
        "share_groups": view.share_groups(summary),
        "lanes": view.lanes(done),
        "leaders": by_objective(done)[: view.SHOWN_TRIALS],
        "done": len(done),
        "failed": failed,
        "shown": view.SHOWN_TRIALS,
        "files": [file for name in _SHOWN_FILES if (file := getattr(files, name)).exists()],
        "plotly": f"../{PLOTLY_NAME}",
        "style": Markup(_source("report.css")),  # noqa: S704 - our own file
        "script": Markup(script),  # noqa: S704 - our own file
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }


def _figures(summary: RunSummary, done: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return the figures that the run has data for: id, title, what to see in it, Plotly's JSON."""
    figures: list[dict[str, Any]] = []
    candidate = ((summary.gate or {}).get("candidate") or {}).get("trial_number")
    groups = view.share_groups(summary)
    if groups:
        told = (
            "How much richer in the minority the candidate's rows are. The best of many looks rich where there is "
            "nothing to find: what is proven, the checks say."
        )
        figures.append(_figure("shares", "Minority share, kept against all", told, shares_figure(groups)))
    figures += [_figure(*figure) for figure in evidence_figures(summary.evidence)]
    if done:
        told = "Each trial's objective on its own sample, in order of finish. A search that learns climbs."
        told += " Of so many, evenly chosen ones are drawn, and each that was the best so far." * (
            len(done) > MAX_POINTS
        )
        figures.append(_figure("objective", "Objective by trial", told, objective_figure(done, candidate)))
        told = "One row a GPU, one bar a trial. Gaps are time in which a GPU waited."
        told += " Of so many, trials without a visible gap between them share a bar." * (len(done) > MAX_BARS)
        figures.append(_figure("lanes", "Lanes over time", told, lanes_figure(done)))
    return figures


def _figure(name: str, title: str, told: str, figure: Any) -> dict[str, Any]:
    return {"id": name, "title": title, "told": told, "json": figure.to_plotly_json(), "height": figure.layout.height}


def _environment() -> Environment:
    loader = PackageLoader("scorer_core.report", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    for name in ("number", "percent", "seconds", "moment", "parameter"):
        environment.filters[name] = getattr(words, name)
    environment.filters["lane"] = lambda ran: Slot(ran.node, ran.gpu).label
    return environment


def _source(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _keep_plotly(file: RunFile) -> None:
    """Write .plotly.min.js unless it is there; a place that cannot be written costs the figures alone."""
    content = get_plotlyjs().encode()
    try:
        if not file.exists() or file.read_bytes() != content:
            file.write_bytes(content)
    except OSError:
        return
