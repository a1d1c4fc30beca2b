"""The note of a DAG run: its verdict, where people look first. The scheduler writes it when the run ends.

A task may not: the API that tasks speak has no way to change the note of a run that exists. What is said comes from
the ledger alone, which the scheduler sees wherever the tasks ran.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from scorer_airflow import DAG_ID

if TYPE_CHECKING:
    from scorer_core.ledger.ledger import Ledger

log = logging.getLogger(__name__)

OURS = "Scorer: "
"""How our paragraph of a note begins; the others are people's."""
_MAX_TOLD = 900


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """Note the verdict of a run that went well."""
    del msg
    _write(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """Note the verdict of a run that failed, if it has one."""
    del msg
    _write(dag_run)


def note_of(ledger: Ledger, run_id: str) -> str:
    """Return what is to be said of a run: its verdict, and which nodes it found unfit; empty where nothing is."""
    from scorer_core.errors import RunNotFound
    from scorer_core.fleet.deployed import FIT, REACHABLE
    from scorer_core.ledger.checks import checked
    from scorer_core.ledger.verdicts import settled
    from scorer_core.rig.health.check import State

    try:
        began = ledger.run(run_id).created_at
    except RunNotFound:
        return ""
    found = settled(ledger.engine, run_id)
    told = [] if found is None else [f"{found.verdict}: {(found.decision or {}).get('reason', '')}"[:_MAX_TOLD]]
    told += [
        f"Left out: {one.finding.reason[:_MAX_TOLD]}"
        for one in checked(ledger.engine)
        if one.finding.check in (REACHABLE, FIT) and one.finding.state is State.FAILED and one.checked_at >= began
    ]
    return OURS + " ".join(told) if told else ""


def with_ours(note: str | None, ours: str) -> str:
    """Return a note with our paragraph in place of an earlier one of ours; what people wrote stays."""
    kept = [part for part in (note or "").split("\n\n") if part and not part.startswith(OURS)]
    return "\n\n".join([*kept, ours])


def _write(dag_run: Any) -> None:
    if dag_run.dag_id != DAG_ID:
        return
    try:
        from scorer_core.ledger.ledger import Ledger
        from scorer_core.settings import load_settings

        ledger = Ledger(load_settings().database_url)
        try:
            ours = note_of(ledger, dag_run.run_id)
        finally:
            ledger.engine.dispose()
        if ours:
            dag_run.note = with_ours(dag_run.note, ours)
    except Exception as error:  # a note must not cost the scheduler its loop
        log.warning("the verdict of %s could not be noted: %s", dag_run.run_id, type(error).__name__)
