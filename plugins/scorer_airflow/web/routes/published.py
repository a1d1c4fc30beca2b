"""Published: the config and where each value is from, what was published before, the decisions and what α is left."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from scorer_airflow import DAG_ID
from scorer_airflow.web.access import READS_RUNS
from scorer_airflow.web.installation import Installed
from scorer_airflow.web.pages import page
from scorer_airflow.web.routes.runs import MAX_PAGE
from scorer_core.views.decisions import decisions_view
from scorer_core.views.published import ROLL_BACK, published_view

router = APIRouter(dependencies=READS_RUNS)


@router.get("/published")
def published(
    request: Request,
    installation: Installed,
    number: Annotated[int, Query(alias="page", ge=1, le=MAX_PAGE)] = 1,
) -> HTMLResponse:
    """Answer with the published config, and one page of decisions."""
    return page(
        request,
        "published.html.j2",
        here="published",
        dag_id=DAG_ID,
        found=published_view(installation),
        decisions=decisions_view(installation, number),
        roll_back=ROLL_BACK,
    )
