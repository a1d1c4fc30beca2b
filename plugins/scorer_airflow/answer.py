"""The gate's answer as Airflow shows it: its checks as a table in the log, and how the task ends."""

from __future__ import annotations

import logging
import sys
import textwrap

from airflow.sdk.exceptions import AirflowSkipException

from scorer_core.gate.checks.check import Check
from scorer_core.gate.decision import Decision
from scorer_core.gate.verdict import row_of
from scorer_core.refused import Refused

log = logging.getLogger(__name__)

WIDTH = 96
"""Columns of a line of the log, beside some twenty of Airflow's own."""
_MARKS = {True: "passed", False: "FAILED", None: "not evaluated"}


def tell(decision: Decision) -> None:
    """Write the checks to the log, what failed as a warning."""
    for check in decision.checks:
        level = logging.WARNING if check.passed is False else logging.INFO
        for line in _lines(check):
            log.log(level, "%s", line)


def end(decision: Decision, refused: Refused) -> str:
    """Write the verdict to the log as its last line and return it; a refusal ends the task.

    Raises:
        SystemExit: nothing is published, and a run that publishes nothing has to fail: the task fails. Unlike any
            other exception it leaves no traceback, since a verdict is no fault; its code is that of `scorer gate`.
        AirflowSkipException: nothing is published, and the run may end green: what follows is skipped.
    """
    verdict = decision.verdict
    if row_of(verdict).enriched:
        log.info("%s: %s", verdict.value, decision.reason)
        return verdict.value
    if refused is Refused.SKIPPED:
        raise AirflowSkipException(f"{verdict.value}: {decision.reason}")
    log.error("%s: %s", verdict.value, decision.reason)
    sys.exit(row_of(verdict).exit_code)


def _lines(check: Check) -> list[str]:
    head = f"{check.name:10} {_MARKS[check.passed]:13} "
    return textwrap.wrap(check.meaning, WIDTH, initial_indent=head, subsequent_indent=" " * len(head)) or [head]
