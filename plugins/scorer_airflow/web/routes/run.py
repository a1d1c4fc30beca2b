"""One run: while it goes, how it stands; then what came of it. Also the tab on a run of the DAG."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Path, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, Response

from scorer_airflow import DAG_ID
from scorer_airflow.web.access import READS_THIS_RUN
from scorer_airflow.web.headers import REPORT_POLICY
from scorer_airflow.web.installation import Installed
from scorer_airflow.web.pages import page
from scorer_airflow.web.scheduled import run_state, steps_of
from scorer_core.errors import RunNotFound
from scorer_core.ledger.records import RunRecord
from scorer_core.views.chart import chart_of
from scorer_core.views.installation import Installation
from scorer_core.views.live import progress_of
from scorer_core.views.run_page import RunView, run_record, run_view
from scorer_core.views.standing import standing, unit_of
from scorer_core.views.story import story_of

router = APIRouter(dependencies=READS_THIS_RUN)
RunId = Annotated[str, Path(max_length=250, pattern="^[^\x00]*$")]
"""PostgreSQL does not even take a question with a zero byte in it."""
ENDED = "Scorer-Ended"
"""A header of what is asked for again and again: the run is over, the page shows something else now."""
_GOING = ("queued", "running")


@router.get("/run/{dag_id}/{run_id}")
def run(request: Request, installation: Installed, session: SessionDep, dag_id: str, run_id: RunId) -> HTMLResponse:
    """Answer with one run."""
    if dag_id != DAG_ID:
        return page(request, "not_ours.html.j2", here="runs", dag_id=DAG_ID)
    state, record = run_state(session, run_id), _record(installation, session, run_id)
    if record is not None and _is_over(record, state):
        return page(request, "ended.html.j2", **_ended(run_view(installation, run_id)))
    return page(request, "run.html.j2", **_going(installation, session, run_id, record))


@router.get("/run/{dag_id}/{run_id}/now")
def run_now(request: Request, installation: Installed, session: SessionDep, dag_id: str, run_id: RunId) -> Response:
    """Answer with what changes while a run goes."""
    _refuse_others(dag_id)
    state, record = run_state(session, run_id), _record(installation, session, run_id)
    if record is not None and _is_over(record, state):
        return Response(status_code=204, headers={ENDED: "1"})
    return page(request, "_run.html.j2", **_going(installation, session, run_id, record))


@router.get("/run/{dag_id}/{run_id}/report.html")
def report(installation: Installed, dag_id: str, run_id: RunId) -> Response:
    """Answer with the report that the run left, without folders; in the browser it may do nothing but be read."""
    _refuse_others(dag_id)
    record = run_record(installation, run_id)
    files, why = installation.files(run_id, record.created_at)
    try:
        content = None if files is None else files.report.read_bytes()
    except OSError:
        content = None
    if content is None:
        raise RunNotFound(why or "This run has no report.")
    return HTMLResponse(installation.without_places(content), headers={"Content-Security-Policy": REPORT_POLICY})


def _record(installation: Installation, session: Session, run_id: str) -> RunRecord | None:
    """Return a run of the ledger, None while only the scheduler knows it; raises RunNotFound where neither does."""
    try:
        return run_record(installation, run_id)
    except RunNotFound:
        if run_state(session, run_id) is None:
            raise
        return None


def _refuse_others(dag_id: str) -> None:
    if dag_id != DAG_ID:
        raise RunNotFound(f"Only runs of {DAG_ID} are shown here.")


def _is_over(record: RunRecord, state: str | None) -> bool:
    """Say whether nothing more will happen; a run whose tasks were cleared goes on."""
    return record.ended_at is not None if state is None else state not in _GOING


def _going(installation: Installation, session: Session, run_id: str, record: RunRecord | None) -> dict[str, Any]:
    steps = steps_of(session, run_id)
    progress = None if record is None else progress_of(installation, record)
    spec = None if record is None else record.spec
    return {
        "here": "runs",
        "dag_id": DAG_ID,
        "run_id": run_id,
        "record": record,
        "spec": spec,
        "unit": "trials" if spec is None else unit_of(spec),
        "steps": steps,
        "standing": standing(spec, progress, steps),
        "progress": progress,
        "chart": None if progress is None else chart_of(progress.bins, progress.budget, progress.bin_width),
    }


def _ended(found: RunView) -> dict[str, Any]:
    return {
        "here": "runs",
        "dag_id": DAG_ID,
        "run_id": found.record.run_id,
        "found": found,
        "spec": found.record.spec,
        "unit": unit_of(found.record.spec),
        "story": story_of(found),
        "progress": found.progress,
        "chart": chart_of(found.progress.bins, found.progress.budget, found.progress.bin_width),
    }
