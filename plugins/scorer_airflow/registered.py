"""What the plugin registers. Only the API server builds the app: the others never import FastAPI through it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

PREFIX = "/scorer"
TAB = "scorer-run"
"""What the address of a run's tab in the UI ends in, after `plugin/`."""


def fastapi_apps(arguments: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return the web app where Airflow was started with these arguments as the API server; else nothing."""
    if not _is_api_server(sys.argv if arguments is None else arguments):
        return []
    from scorer_airflow.web.app import create_app

    return [{"app": create_app(), "url_prefix": PREFIX, "name": "Scorer"}]


def external_views() -> list[dict[str, Any]]:
    """Return the entry in the navigation, and the tab; their addresses are relative, to work below a base path."""
    here = PREFIX.lstrip("/")
    icon = f"{here}/static/icon.svg"
    return [
        {"name": "Scorer", "href": f"{here}/", "destination": "nav", "url_route": "scorer", "icon": icon},
        {
            "name": "Scorer",
            "href": f"{here}/run/{{DAG_ID}}/{{RUN_ID}}",
            "destination": "dag_run",
            "url_route": TAB,
            "icon": icon,
        },
    ]


def _is_api_server(arguments: Sequence[str]) -> bool:
    """Say whether this process answers HTTP: `airflow api-server`, or a worker that it started by its module."""
    return "api-server" in arguments[1:2] or any("airflow.api_fastapi.main" in one for one in arguments)
