"""The web app, below `/scorer`: it answers GET, writes nothing, and shows no description of itself."""

from __future__ import annotations

import scipy.stats  # noqa: F401 - rigs are compared with it, and whoever looks first would wait for it
from fastapi import FastAPI

from scorer_airflow.web.errors import answer_errors
from scorer_airflow.web.headers import GuardedHeaders
from scorer_airflow.web.routes import assets, compare, fleet, published, run, runs

ROUTERS = (runs.router, compare.router, published.router, fleet.router, run.router, assets.router)


def create_app() -> FastAPI:
    """Make the app; nothing is read before somebody asks."""
    app = FastAPI(title="Scorer", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for router in ROUTERS:
        app.include_router(router)
    answer_errors(app)
    app.add_middleware(GuardedHeaders)
    return app
