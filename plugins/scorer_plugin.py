"""Registers with Airflow: the web app, its entry in the navigation, its tab on each run, and who notes the verdict."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from scorer_airflow import note
from scorer_airflow.registered import external_views, fastapi_apps


class ScorerPlugin(AirflowPlugin):
    """The page *Scorer*; where it cannot be imported, Airflow says so and has no such route."""

    name = "scorer"
    fastapi_apps = fastapi_apps()
    external_views = external_views()
    listeners = [note]
