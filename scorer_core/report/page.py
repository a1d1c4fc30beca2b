"""report.html: the run for a reader; one page, offline, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from scorer_core import __version__
from scorer_core.engines import traits_of
from scorer_core.report import view, words
from scorer_core.report.banner import banner_of
from scorer_core.report.drawings import drawings_of
from scorer_core.report.of_the_best import best_of
from scorer_core.report.of_the_checks import checks
from scorer_core.report.of_the_fleet import nodes, out_of_it
from scorer_core.report.of_the_spec import asked, in_short
from scorer_core.report.side_by_side import side_by_side
from scorer_core.report.summary import RunSummary, by_objective, read_prepared
from scorer_core.run.folder import RunFiles
from scorer_core.run.prepared import Prepared
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState, Trial

_SHOWN_FILES = ("summary", "verdict", "evidence", "config", "trials", "sweep", "collected", "run")


def write_report(files: RunFiles, summary: RunSummary, trials: Sequence[Trial]) -> None:
    """Write report.html (0600), whole or not at all, from the run's summary, its trials and its folder.

    The page runs no script and asks for no other file: it opens wherever it is taken.
    """
    page = _environment().get_template("report.html.j2").render(_content(files, summary, trials))
    files.report.write_bytes(page.encode())


def _content(files: RunFiles, summary: RunSummary, trials: Sequence[Trial]) -> dict[str, Any]:
    done = [trial for trial in trials if trial.has_result]
    failed = [trial for trial in trials if trial.state is TicketState.FAILED]
    run = read_prepared(files)
    return {
        "summary": summary,
        "unit": traits_of(summary.spec.search).unit,
        "took": _took(run, done),
        "run": run,
        "version": __version__,
        "banner": banner_of(summary, prepared=run is not None, followed=summary.published is not None),
        "tiles": view.tiles(summary),
        "checks": checks(summary),
        "numbers": view.numbers(summary, done, run),
        "beside": side_by_side(summary),
        "best": best_of(summary),
        "drawings": drawings_of(summary, done),
        "share_bars": view.share_bars(summary),
        "nodes": nodes(summary, done),
        "out": out_of_it(summary),
        "in_short": in_short(summary.spec),
        "asked": asked(summary),
        "lanes": view.lanes(done),
        "leaders": by_objective(done)[: view.SHOWN_TRIALS],
        "done": len(done),
        "failed": failed,
        "attempts": [failure for trial in trials for failure in trial.failures],
        "shown": view.SHOWN_TRIALS,
        "files": [file for name in _SHOWN_FILES if (file := getattr(files, name)).exists()],
        "style": Markup(_source("report.css")),  # noqa: S704 - our own file
    }


def _took(run: Prepared | None, done: Sequence[Trial]) -> str:
    """Return how long the run took until its last trial was finished, by the clocks of head and rigs; else nothing."""
    if run is None or not done:
        return ""
    last = max(datetime.fromisoformat(trial.finished_at) for trial in done)
    seconds = (last - run.created_at).total_seconds()
    return words.seconds(seconds) if seconds > 0 else ""


@cache  # with the template, which takes longer to compile than to fill in
def _environment() -> Environment:
    loader = PackageLoader("scorer_core.report", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    for name in ("count", "number", "percent", "seconds", "moment", "parameter", "powers"):
        environment.filters[name] = getattr(words, name)
    environment.filters["lane"] = lambda ran: Slot(ran.node, ran.gpu).label
    return environment


def _source(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")
