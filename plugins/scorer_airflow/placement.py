"""Where tasks run: the queues and pools of the settings; and whether the workers have room for all lanes at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from airflow.configuration import conf

from scorer_core.errors import RunError
from scorer_core.settings import Settings, load_settings

log = logging.getLogger(__name__)

SPARE = 4
"""Places beside the lanes: what runs while they do."""
_ANSWER_S = 3.0

Places = Mapping[str, int]
"""Tasks at once, by worker."""


def tasks_place() -> dict[str, str]:
    """Return queue and pool of every task, as an operator takes them; what is not set is Airflow's own."""
    settings = load_settings()
    return _given(queue=settings.queue, pool=settings.pool)


def lanes_place() -> dict[str, str]:
    """Return queue and pool of the lanes, where they differ from those of the other tasks."""
    settings = load_settings()
    return _given(queue=settings.lane_queue, pool=settings.lane_pool)


def refuse_too_little_room(settings: Settings, lanes: int) -> None:
    """Refuse a run whose lanes cannot all be at work at once, where a task that waits for a worker is failed.

    A lane stays for as long as the search. With Celery a lane without a place waits in the queue, and the scheduler
    fails what waits there for `[scheduler] task_queued_timeout`. Other executors leave it with the scheduler.

    Raises:
        RunError: the workers of the lanes' queue have fewer places than lanes and SPARE.
    """
    places_of = _EXECUTORS.get(_executor())
    queue = settings.lane_queue or settings.queue or conf.get("operators", "default_queue")
    places = None if places_of is None else places_of(queue)
    if places is None:
        return
    if not places:
        raise RunError(
            f"no Celery worker takes tasks from the queue {queue!r} of the lanes. Start one with -q {queue}."
        )
    room = sum(places.values())
    if room < lanes + SPARE:
        each = -(-(lanes + SPARE) // len(places))
        raise RunError(
            f"the inventory's {lanes} GPU slots need {lanes} tasks at once and {SPARE} beside them, but the Celery "
            f"workers of queue {queue!r} run {room} ({_listed(places)}). Set AIRFLOW__CELERY__WORKER_CONCURRENCY to "
            f"{each} or more on each of them, or start more workers; then trigger a new run."
        )
    log.info("room for %d lanes: %s", lanes, _listed(places))


def _celery_places(queue: str) -> Places | None:
    """Ask the workers of a queue how much they do at once; None when the broker cannot be asked."""
    from airflow.providers.celery.executors.celery_executor_utils import app
    from kombu.exceptions import OperationalError

    try:
        inspect = app.control.inspect(timeout=_ANSWER_S)
        queues: Mapping[str, Any] = inspect.active_queues() or {}
        workers: Mapping[str, Any] = inspect.stats() or {}
    except (OperationalError, OSError) as error:
        log.warning("the Celery workers could not be asked how much they do at once: %s", type(error).__name__)
        return None
    taking = {name for name, found in queues.items() if queue in {one["name"] for one in found}}
    return {name: int(stats["pool"]["max-concurrency"]) for name, stats in workers.items() if name in taking}


_EXECUTORS: Mapping[str, Callable[[str], Places | None]] = {"CeleryExecutor": _celery_places}


def _executor() -> str:
    """Return the name of the executor that tasks go to: the first, without module or alias."""
    first: str = conf.get("core", "executor").split(",")[0]
    return first.rpartition(":")[2].rpartition(".")[2].strip()


def _listed(places: Places) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(places.items()))


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
