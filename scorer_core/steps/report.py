"""report: report.html and summary.json, for every outcome."""

from __future__ import annotations

from pathlib import Path

from scorer_core.context import RunContext
from scorer_core.report.page import write_report
from scorer_core.report.summary import build_summary
from scorer_core.run.files import write_json
from scorer_core.search.regret import known_regret


def report(context: RunContext) -> Path:
    """Write summary and report, note the end of the run, and return the report's path."""
    counts = {state.value: count for state, count in context.ledger.counts(context.run_id).items()}
    summary = build_summary(context.record, context.paths, counts)
    summary["regret"] = known_regret(context)
    write_json(context.paths.summary, summary)
    write_report(context.paths, summary)
    context.ledger.end_run(context.run_id)
    return context.paths.report
