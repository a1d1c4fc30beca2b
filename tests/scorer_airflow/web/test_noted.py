"""The note of a run is written when the run ends, on Airflow's own tables; what a person wrote there stays."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from scorer_airflow import noted
from scorer_core.settings import Settings
from scorer_core.views.note import NO_RUN
from tests.scorer_airflow.web.conftest import SetTo
from tests.scorer_airflow.web.installed import PUBLISHED
from tests.scorer_airflow.web.test_scheduled import Scheduler, scheduler, session

__all__ = ["scheduler", "session"]


@pytest.fixture(autouse=True)
def installed_here(installation: Settings, set_to: SetTo) -> None:
    set_to(installation)


def ended(session: Session, run_id: str, person_wrote: str | None = None) -> str | None:
    """Let a run end as the scheduler does, and return its note."""
    from airflow.models.dagrun import DagRun, DagRunNote
    from sqlalchemy import select

    run = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one()
    if person_wrote is not None:
        run.dag_run_note = DagRunNote(content=person_wrote, user_id="vera")  # type: ignore[no-untyped-call]
    noted.on_dag_run_success(dag_run=run)
    session.commit()
    session.expire_all()
    note: str | None = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one().note
    return note


def test_the_note_has_the_verdict_and_follows_it_when_the_run_ends_again(
    scheduler: Scheduler, session: Session
) -> None:
    scheduler.has(PUBLISHED, "success")

    for _ in ("first", "cleared and run again"):
        assert str(ended(session, PUBLISHED)).startswith("PUBLISH: Publish the config with")


def test_what_a_person_wrote_stays(scheduler: Scheduler, session: Session) -> None:
    scheduler.has(PUBLISHED, "success")

    assert ended(session, PUBLISHED, "the fan of rig-b was changed") == "the fan of rig-b was changed"


def test_a_run_that_the_ledger_does_not_know_was_refused_by_prepare_run(scheduler: Scheduler, session: Session) -> None:
    scheduler.has("unknown", "failed")

    assert ended(session, "unknown") == NO_RUN
