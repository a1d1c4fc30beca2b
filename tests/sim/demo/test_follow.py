"""A demo follows its run until Airflow says that it ended, whatever the ledger knows of it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from scorer_core.errors import RunError
from scorer_core.settings import load_settings
from scorer_core.views.installation import Installation
from sim.demo.client import AirflowClient
from sim.demo.follow import follow


class Airflow(AirflowClient):
    """An Airflow whose run goes through these states, one at each look, the last one for ever."""

    def __init__(self, *states: str) -> None:
        self._states = list(states)
        self.looks = 0

    def run(self, run_id: str) -> dict[str, Any]:
        """Return the run in its next state."""
        self.looks += 1
        return {"dag_run_id": run_id, "state": self._states[min(self.looks, len(self._states)) - 1]}

    def task_instances(self, run_id: str) -> list[dict[str, Any]]:
        """Return two tasks, of which one waits."""
        return [{"state": "success"}, {"state": None}]


@pytest.fixture
def before_the_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation without a ledger, looked at without a pause."""
    monkeypatch.setattr("scorer_core.cli.follow.time.sleep", lambda seconds: None)
    return Installation(load_settings({"SCORER_HOME": str(tmp_path)}), None)


def test_it_returns_the_run_when_airflow_says_that_it_ended(before_the_first_run: Installation) -> None:
    airflow, page, checked = Airflow("queued", "running", "failed"), io.StringIO(), []

    run = follow(Console(file=page), airflow, before_the_first_run, "night", 60.0, lambda: checked.append(1))

    assert run == {"dag_run_id": "night", "state": "failed"}
    assert (airflow.looks, len(checked)) == (3, 3)
    assert "Waiting for the scheduler.  1 success, 1 waiting" in page.getvalue()


def test_a_run_that_does_not_end_in_time_is_an_error(before_the_first_run: Installation) -> None:
    with pytest.raises(RunError, match=r"run night did not end within 0 s; 1 success, 1 waiting\."):
        follow(Console(file=io.StringIO()), Airflow("running"), before_the_first_run, "night", 0.0)
