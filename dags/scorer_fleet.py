"""The fleet between runs: every node is checked as a run would, and the ledger keeps how it is."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag

from scorer_airflow import tasks
from scorer_airflow.placement import tasks_place
from scorer_airflow.schedule import fleet_schedule


@dag(
    dag_id="scorer_fleet",
    description="Look at every node and GPU between runs; drain what fails, lift what passes again.",
    schedule=fleet_schedule(),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={**tasks_place(), "show_return_value_in_logs": False},
    tags=["scorer", "gpu"],
)
def scorer_fleet() -> None:
    """Wire the one task."""
    tasks.look_at_fleet()


scorer_fleet()
