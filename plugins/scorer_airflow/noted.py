"""The note of a DAG run, written by the scheduler when the run ends: its verdict, and the nodes that were left out.

A task has no way to write one. What a person wrote there stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.listeners import hookimpl

from scorer_airflow import DAG_ID

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun


@hookimpl
def on_dag_run_success(dag_run: DagRun) -> None:
    """Note how a run ended."""
    note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: DagRun) -> None:
    """Note how a run ended."""
    note(dag_run)


def note(dag_run: DagRun) -> None:
    """Write the note of a run that is ours."""
    own = dag_run.dag_run_note
    if dag_run.dag_id != DAG_ID or (own is not None and own.user_id is not None):
        return
    from scorer_core.errors import RunNotFound
    from scorer_core.ledger.reading import open_to_read
    from scorer_core.settings import load_settings
    from scorer_core.views.note import NO_RUN, note_of

    ledger = open_to_read(load_settings().database_url)
    if ledger is None:
        dag_run.note = NO_RUN
        return
    try:
        dag_run.note = note_of(ledger, dag_run.run_id)
    except RunNotFound:
        dag_run.note = NO_RUN
    finally:
        ledger.dispose()
