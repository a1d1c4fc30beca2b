"""report: report.html and summary.json, for every outcome."""

from __future__ import annotations

from pathlib import Path

from scorer_core.context import RunContext
from scorer_core.report.page import write_report
from scorer_core.report.summary import build_summary
from scorer_core.run.files import write_json
from scorer_core.run.trials import read_trials
from scorer_core.search.regret import known_regret


def report(context: RunContext) -> Path:
    """Write summary and report, note the end of the run, and return the report's path."""
    paths, tickets = context.paths, context.ledger.counts(context.run_id)
    trials = read_trials(paths) if paths.trials.exists() else []
    summary = build_summary(context.record, paths, trials, tickets, known_regret(context))
    write_json(paths.summary, summary.to_json())
    write_report(paths, summary, trials)
    context.ledger.end_run(context.run_id)
    return paths.report
