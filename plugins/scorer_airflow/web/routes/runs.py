"""Runs: verdict in plain words, pool, engine, progress, age; filtered, sorted, a page at a time."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse

from scorer_airflow import DAG_ID
from scorer_airflow.web.access import READS_RUNS
from scorer_airflow.web.installation import Installed
from scorer_airflow.web.pages import page
from scorer_core.engines import SearchEngine
from scorer_core.gate.verdict import Verdict, row_of
from scorer_core.ledger.listing import Ended, Order, Wanted
from scorer_core.views.run_list import run_list

router = APIRouter(dependencies=READS_RUNS)
MAX_PAGE = 1_000_000
_ENDED = {Ended.RUNNING: "Not decided yet", Ended.NONE: "Ended without a verdict"}
_ORDERS = {
    Order.NEWEST: "Newest first",
    Order.OLDEST: "Oldest first",
    Order.LIFT: "Largest guaranteed lift",
    Order.VERDICT: "Verdict",
    Order.POOL: "Pool",
    Order.ENGINE: "Engine",
    Order.RUN: "Name",
}


class Choice(BaseModel):
    """What a list of runs is asked for; an empty value asks for all."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=250)
    engine: SearchEngine | Literal[""] = ""
    verdict: Verdict | Ended | Literal[""] = ""
    sort: Order = Order.NEWEST
    page: int = Field(1, ge=1, le=MAX_PAGE)

    def wanted(self) -> Wanted:
        """Return which runs are asked for."""
        return Wanted(self.q.strip(), self.engine or None, self.verdict or None, self.sort)


@router.get("/")
def runs(request: Request, installation: Installed, choice: Annotated[Choice, Query()]) -> HTMLResponse:
    """Answer with one page of runs."""
    verdicts = [(verdict.value, row_of(verdict).brief) for verdict in Verdict]
    return page(
        request,
        "runs.html.j2",
        here="runs",
        dag_id=DAG_ID,
        choice=choice,
        found=run_list(installation, choice.wanted(), choice.page),
        engines=[(engine.value, engine.value) for engine in SearchEngine],
        verdicts=[*verdicts, *((state.value, told) for state, told in _ENDED.items())],
        orders=[(order.value, told) for order, told in _ORDERS.items()],
    )
