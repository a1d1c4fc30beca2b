"""Two runs side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from scorer_airflow import DAG_ID
from scorer_airflow.web.access import READS_RUNS
from scorer_airflow.web.installation import Installed
from scorer_airflow.web.pages import page
from scorer_core.errors import InputError
from scorer_core.views.compare import comparison

router = APIRouter(dependencies=READS_RUNS)
_MAX_ID = 250


@router.get("/compare")
def compare(
    request: Request,
    installation: Installed,
    run: Annotated[list[Annotated[str, Query(max_length=_MAX_ID)]], Query(max_length=10)] = [],  # noqa: B006 - read
) -> HTMLResponse:
    """Answer with two runs, named by `run` twice."""
    if len(set(run)) != 2:  # noqa: PLR2004
        raise InputError("Choose two runs in the list, then compare them.")
    one, other = dict.fromkeys(run)
    found = comparison(installation, one, other)
    return page(request, "compare.html.j2", here="runs", dag_id=DAG_ID, found=found)
