"""Fleet: rigs and GPUs as a grid, and how fast each rig is against the others."""

from __future__ import annotations

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from scorer_airflow.web.access import READS_RIGS
from scorer_airflow.web.installation import Installed
from scorer_airflow.web.pages import page
from scorer_airflow.web.scheduled import last_deployments
from scorer_core.views.fleet import fleet_of

router = APIRouter(dependencies=READS_RIGS)


@router.get("/fleet")
def fleet(request: Request, installation: Installed, session: SessionDep) -> HTMLResponse:
    """Answer with the page."""
    return _fleet(request, installation, session, "fleet.html.j2")


@router.get("/fleet/now")
def fleet_now(request: Request, installation: Installed, session: SessionDep) -> HTMLResponse:
    """Answer with what changes on the page."""
    return _fleet(request, installation, session, "_fleet.html.j2")


def _fleet(request: Request, installation: Installed, session: SessionDep, template: str) -> HTMLResponse:
    found = fleet_of(installation, last_deployments(session))
    return page(request, template, here="fleet", found=found)
