"""Follows a run: tasks, trials of the budget, the best objective so far, the time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from scorer_core.errors import RunError, RunNotFound
from scorer_core.ledger.ledger import Ledger
from scorer_core.run.trials import TicketState
from sim.demo.client import AirflowClient

_POLL_S = 1.0
_PLAIN_EVERY_S = 5.0
_ENDED = ("success", "failed")


def follow(
    console: Console,
    client: AirflowClient,
    ledger: Ledger,
    run_id: str,
    timeout_s: float,
    check: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Show a run's progress until it ends, and return the run as Airflow knows it; `check` raises when Airflow died.

    Raises:
        RunError: the run did not end in time.
    """
    started = time.monotonic()
    said = -_PLAIN_EVERY_S
    with _progress(console) as progress:
        bar = progress.add_task("waiting for the scheduler", total=None)
        while time.monotonic() - started < timeout_s:
            check()
            run = client.run(run_id)
            tasks, done, total, best = _state(client, ledger, run_id)
            progress.update(bar, description=f"{tasks} · best {best}", completed=done, total=total)
            if not console.is_terminal and time.monotonic() - started - said >= _PLAIN_EVERY_S:
                said = time.monotonic() - started
                console.print(f"{said:5.0f} s  trials {done}/{total or '?'}  best {best}  {tasks}")
            if run["state"] in _ENDED:
                return run
            time.sleep(_POLL_S)
    raise RunError(f"run {run_id} did not end within {timeout_s:g} s; {tasks}.")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _state(client: AirflowClient, ledger: Ledger, run_id: str) -> tuple[str, int, int | None, str]:
    states = Counter(instance["state"] or "waiting" for instance in client.task_instances(run_id))
    tasks = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no tasks yet"
    try:
        total = ledger.run(run_id).spec.n_trials
    except RunNotFound:
        return tasks, 0, None, "-"
    counts = ledger.counts(run_id)
    best = ledger.best_objective(run_id)
    return tasks, counts[TicketState.DONE], total, "-" if best is None else f"{best:.4f}"
