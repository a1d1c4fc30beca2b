"""Registers with Airflow the web page, its entry in the navigation, its tab on each run, links, and notes."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from scorer_airflow import noted
from scorer_airflow.links import RunPageLink
from scorer_airflow.registered import external_views, fastapi_apps


class ScorerPlugin(AirflowPlugin):
    """The page *Scorer*; where it cannot be imported, Airflow says so and has no such route."""

    name = "scorer"
    fastapi_apps = fastapi_apps()
    external_views = external_views()
    operator_extra_links = [RunPageLink()]
    listeners = [noted]
