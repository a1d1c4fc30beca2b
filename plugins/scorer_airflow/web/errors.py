"""Errors of one shape: `{"error": "…"}` for programs, a page with the same sentence for a browser."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from scorer_airflow.web.pages import page
from scorer_core.errors import InputError, RunError, ScorerError, SettingsError
from scorer_core.views.discreet import discreet

log = logging.getLogger(__name__)


class Problem(BaseModel):
    """What every error answers."""

    error: str


def answer_errors(app: FastAPI) -> None:
    """Have the app answer each error in one shape; one that nobody expected tells nothing of itself."""

    @app.exception_handler(HTTPException)
    def _refused(request: Request, error: HTTPException) -> Response:
        return _answer(request, error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    def _malformed(request: Request, error: RequestValidationError) -> Response:
        told = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
        return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, told)

    @app.exception_handler(ScorerError)
    def _told(request: Request, error: ScorerError) -> Response:
        return _answer(request, _status_of(error), discreet(error))

    @app.exception_handler(SQLAlchemyError)
    def _silent(request: Request, error: SQLAlchemyError) -> Response:
        log.warning("the ledger's database does not answer: %s", type(error).__name__)
        told = "The ledger's database does not answer. `scorer db status`, run where the tasks run, says why."
        return _answer(request, HTTPStatus.SERVICE_UNAVAILABLE, told)

    @app.exception_handler(Exception)
    def _broken(request: Request, _error: Exception) -> Response:
        return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "This page has a fault. The API server's log has it.")


def _status_of(error: ScorerError) -> int:
    if isinstance(error, (SettingsError, RunError)):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.NOT_FOUND if isinstance(error, InputError) else HTTPStatus.SERVICE_UNAVAILABLE


def _answer(request: Request, status: int, told: str, headers: dict[str, str] | None = None) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        title = HTTPStatus(status).phrase
        return page(request, "error.html.j2", status=status, headers=headers, title=title, told=told)
    return JSONResponse(Problem(error=told).model_dump(), status_code=status, headers=headers)
