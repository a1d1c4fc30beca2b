"""What each task imports before it begins, imported once, by the scheduler: its tasks are forks of it.

A task process of the LocalExecutor spends most of two seconds of CPU on imports, and 26 lanes start at once: what a
lane needs beside Airflow, Optuna with it, is a quarter of a second alone. Import this module in
`$AIRFLOW_HOME/config/airflow_local_settings.py`, which Airflow reads before it forks the executor's workers. The other
components and the command line do not run tasks, and import nothing here.
"""

from __future__ import annotations

import importlib
import sys

MODULES = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.providers.standard.operators.python",
    "scorer_airflow.tasks",
    "scorer_airflow.operators.approve",
    "scorer_airflow.operators.clean_artifacts",
    "scorer_airflow.operators.deploy_worker",
    "scorer_airflow.operators.trial_lane",
    "scorer_airflow.told",
    "scorer_airflow.ssh.transport",
    "scorer_core.steps.clean_artifacts",
    "scorer_core.steps.collect",
    "scorer_core.steps.deploy_worker",
    "scorer_core.steps.gpu_slots",
    "scorer_core.steps.look_at_fleet",
    "scorer_core.steps.prepare_run",
    "scorer_core.steps.publish",
    "scorer_core.steps.quality_gate",
    "scorer_core.steps.report",
    "scorer_core.steps.trial_lane",
)


def preload(arguments: list[str]) -> bool:
    """Import the modules of the tasks when Airflow was started with these arguments as the scheduler; say whether."""
    if arguments[1:2] != ["scheduler"]:
        return False
    for name in MODULES:
        importlib.import_module(name)
    return True


preload(sys.argv)
