"""Follows a demo's run: what `scorer watch` shows, and the states of its tasks as Airflow knows them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rich.console import Console

from scorer_core.cli import follow as following
from scorer_core.errors import RunError, RunNotFound
from scorer_core.views.installation import Installation
from scorer_core.views.watched import NOT_YET, Watched, watched
from sim.demo.client import AirflowClient

_ENDED = ("success", "failed")


def follow(
    console: Console,
    client: AirflowClient,
    installation: Installation,
    run_id: str,
    timeout_s: float,
    check: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Show a run's progress until it ends, and return the run as Airflow knows it; `check` raises when Airflow died.

    Raises:
        RunError: the run did not end in time.
    """
    deadline = time.monotonic() + timeout_s
    run: dict[str, Any] = {}

    def look() -> Watched:
        check()
        run.update(client.run(run_id))
        seen = replace(_seen(installation, run_id), tasks=_tasks(client, run_id), is_over=run["state"] in _ENDED)
        if not seen.is_over and time.monotonic() >= deadline:
            raise RunError(f"run {run_id} did not end within {timeout_s:g} s; {seen.tasks}.")
        return seen

    following.follow(look, console)
    return run


def _seen(installation: Installation, run_id: str) -> Watched:
    try:
        return watched(installation, run_id)
    except RunNotFound:
        return Watched(NOT_YET, None, is_over=False)


def _tasks(client: AirflowClient, run_id: str) -> str:
    states = Counter(instance["state"] or "waiting" for instance in client.task_instances(run_id))
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no tasks yet"
