"""report: report.html and summary.json, however the run ended."""

from __future__ import annotations

from scorer_core.context import RunContext
from scorer_core.report.page import write_report
from scorer_core.report.summary import build_summary
from scorer_core.run.trials import read_trials
from scorer_core.search.regret import known_regret


def report(context: RunContext) -> str:
    """Write summary and report, note the end of the run, and return where the report is."""
    files, tickets = context.files, context.ledger.counts(context.run_id)
    trials = read_trials(files) if files.trials.exists() else []
    summary = build_summary(context.record, files, trials, tickets, known_regret(context))
    files.summary.write_json(summary.to_json())
    write_report(files, summary, trials)
    context.ledger.end_run(context.run_id)
    return files.report.where
