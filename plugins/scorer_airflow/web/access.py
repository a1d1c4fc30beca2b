"""Who may read what: Airflow's own login and permissions. It guards no plugin's routes by itself.

Runs, decisions and the published config are for who may read runs of the DAG, rigs for who also may see the jobs that
are at work. A run's tab asks for its own DAG, whichever that is.
"""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag, requires_access_view
from fastapi import Depends

from scorer_airflow import DAG_ID

READS_RUNS = [Depends(requires_access_dag("GET", DagAccessEntity.RUN, param_dag_id=DAG_ID))]
READS_RIGS = [*READS_RUNS, Depends(requires_access_view(AccessView.JOBS))]
READS_THIS_RUN = [
    Depends(requires_access_dag("GET", DagAccessEntity.RUN)),
    Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE)),
]
