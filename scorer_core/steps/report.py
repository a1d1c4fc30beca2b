"""report: report.html and summary.json, however the run ended."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scorer_core.context import RunContext, open_ledger
from scorer_core.errors import RunError, RunNotFound
from scorer_core.fleet.deployed import left_out
from scorer_core.publish.publisher import RUN_CONTEXT
from scorer_core.report.beside import Beside, config_record
from scorer_core.report.gathered import UNFIT, Gathered, object_of, told
from scorer_core.report.page import write_report
from scorer_core.report.summary import RunSummary, build_summary
from scorer_core.run.folder import UNREADABLE, RunFiles
from scorer_core.run.trials import Trial
from scorer_core.search.regret import known_regret
from scorer_core.settings import Settings, load_settings

log = logging.getLogger(__name__)


def report(context: RunContext) -> str:
    """Write summary and report, note the end of the run, and return where the report is.

    What the run's files say oddly is left out, and named; the end is noted whatever happens.
    """
    try:
        files, found = context.files, Gathered()
        tickets, trials = context.ledger.counts(context.run_id), found.trials(context.files.trials)
        summary = build_summary(context.record, files, trials, tickets, _beside(context, found), found)
        files.summary.write_json(_shown(files, summary, trials).to_json())
        return files.report.where
    finally:
        context.ledger.end_run(context.run_id)


def report_on(run_id: str, settings: Settings | None = None) -> str:
    """Report on a run by its id, and return where the report is: empty where what the ledger says of it is unreadable.

    Raises:
        RunNotFound: there is no such run.
        RunError: its files are not here; its end is noted.
    """
    settings = settings or load_settings()
    try:
        context = RunContext.load(run_id, settings)
    except RunNotFound:
        raise
    except RunError:
        open_ledger(settings).end_run(run_id)
        raise
    except UNREADABLE as error:
        log.error("the ledger's row of run %s cannot be read (%s): nothing is reported", run_id, told(error))
        open_ledger(settings).end_run(run_id)
        return ""
    return report(context)


def _beside(context: RunContext, found: Gathered) -> Beside:
    ledger, run = context.ledger, context.record
    return Beside(
        regret=known_regret(context),
        published_before=_published_before(context, found),
        left_out=left_out(ledger, run),
        failed_attempts=len(ledger.failures(run.run_id)),
    )


def _published_before(context: RunContext, found: Gathered) -> dict[str, Any] | None:
    """Return what was published when the gate decided; None where nothing was, or its file is gone, or odd."""
    gate = found.read(context.files.verdict, object_of) or {}
    fingerprint = gate.get("replaces")
    if not isinstance(fingerprint, str):
        return None
    try:
        config = context.publisher.config_known_by(fingerprint)
        return None if config is None else config_record(config, RUN_CONTEXT)
    except UNFIT as error:
        log.warning("what was published before cannot be shown: %s", told(error))
        return None


def _shown(files: RunFiles, summary: RunSummary, trials: Sequence[Trial]) -> RunSummary:
    """Write the page, without what cannot be drawn, and return the summary, which names that."""
    undecided = replace(summary, gate=None, evidence=None, regret=None)
    for shown, drawn in (summary, trials), (undecided, trials), (replace(undecided, best=None), ()):
        try:
            write_report(files, replace(shown, unreadable=summary.unreadable), drawn)
            break
        except OSError:
            raise
        except UNFIT as error:
            log.exception("the report cannot show all that the run's files say")
            summary = replace(summary, unreadable={files.report.name: told(error), **summary.unreadable})
    return summary
