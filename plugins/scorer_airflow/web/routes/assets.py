"""Style, script and icon: behind the same login as the pages."""

from __future__ import annotations

from enum import StrEnum

from fastapi import APIRouter
from starlette.responses import FileResponse

from scorer_airflow.web.access import READS_RUNS
from scorer_airflow.web.pages import STATIC

router = APIRouter(dependencies=READS_RUNS)
_KEPT = {"Cache-Control": "private, max-age=604800"}
"""A page asks for them with a stamp that changes when they do."""


class Asset(StrEnum):
    """The files that there are."""

    STYLE = "page.css"
    SCRIPT = "page.js"
    ICON = "icon.svg"


@router.get("/static/{name}")
def asset(name: Asset) -> FileResponse:
    """Answer with one of the files."""
    return FileResponse(STATIC / name.value, headers=_KEPT)
