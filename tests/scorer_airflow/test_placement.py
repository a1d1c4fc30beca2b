"""Whether all lanes find a worker at once is asked of the workers themselves, before the run is made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from scorer_airflow import placement
from scorer_airflow.placement import lanes_place, refuse_too_little_room, tasks_place
from scorer_core.errors import RunError
from scorer_core.settings import load_settings
from tests.support.redis import redis_server
from tests.support.waiting import eventually

SETTINGS = load_settings({})


def celery(monkeypatch: pytest.MonkeyPatch, places: Mapping[str, int] | None) -> list[str]:
    """Give the installation Celery workers with so many places; return the queues that are asked for."""
    asked: list[str] = []

    def answer(queue: str) -> Mapping[str, int] | None:
        asked.append(queue)
        return places

    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setattr(placement, "_EXECUTORS", {"CeleryExecutor": answer})
    return asked


def test_one_default_worker_is_refused_for_26_lanes_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    celery(monkeypatch, {"celery@one": 16})

    with pytest.raises(RunError, match="AIRFLOW__CELERY__WORKER_CONCURRENCY to 30 or more on each") as refusal:
        refuse_too_little_room(SETTINGS, 26)

    assert "run 16 (celery@one 16)" in str(refusal.value)


@pytest.mark.parametrize(("each", "enough"), [(14, False), (15, True), (16, True)])
def test_two_workers_share_the_lanes_and_four_more(monkeypatch: pytest.MonkeyPatch, each: int, enough: bool) -> None:
    celery(monkeypatch, {"celery@one": each, "celery@two": each})

    if enough:
        refuse_too_little_room(SETTINGS, 26)
    else:
        with pytest.raises(RunError, match="CONCURRENCY to 15 or more"):
            refuse_too_little_room(SETTINGS, 26)


def test_a_queue_that_nobody_takes_from_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = celery(monkeypatch, {})

    with pytest.raises(RunError, match="no Celery worker takes tasks from the queue 'lanes'"):
        refuse_too_little_room(load_settings({"SCORER_QUEUE": "others", "SCORER_LANE_QUEUE": "lanes"}), 2)

    assert asked == ["lanes"]


def test_an_executor_that_keeps_waiting_lanes_with_the_scheduler_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = celery(monkeypatch, {})
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "LocalExecutor")

    refuse_too_little_room(SETTINGS, 26)

    assert asked == []


def test_workers_that_cannot_be_asked_do_not_stop_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    celery(monkeypatch, None)

    refuse_too_little_room(SETTINGS, 26)


def test_queues_and_pools_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (tasks_place(), lanes_place()) == ({}, {})
    monkeypatch.setenv("SCORER_POOL", "scorer")
    monkeypatch.setenv("SCORER_LANE_QUEUE", "lanes")

    assert (tasks_place(), lanes_place()) == ({"pool": "scorer"}, {"queue": "lanes"})


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def worker(broker: str, tmp_path: Path) -> Iterator[None]:
    """A real Celery worker with three places, on the queue `lanes` alone, once it takes tasks."""
    command = [sys.executable, "-m", "celery", "--broker", broker, "worker", "--loglevel", "INFO"]
    log = tmp_path / "worker.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--concurrency", "3", "--queues", "lanes", "--hostname", "three@here"],
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            env={**os.environ, "C_FORCE_ROOT": "1"},
        )
    assert eventually(lambda: "three@here ready" in log.read_text(), 60), log.read_text()
    yield
    process.terminate()
    process.wait(timeout=30)


ASK = "from scorer_airflow.placement import _celery_places as ask; print(*map(ask, {queues!r}), sep='; ')"


def ask(broker: str, *queues: str) -> str:
    """Ask in a process of its own: Airflow's Celery app is made at import, for the broker of that moment."""
    environ = {**os.environ, "AIRFLOW__CELERY__BROKER_URL": broker, "PYTHONPATH": "plugins"}
    done = subprocess.run(
        [sys.executable, "-c", ASK.format(queues=queues)],
        env=environ,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.usefixtures("worker")
def test_a_real_worker_tells_its_places_for_the_queue_that_it_takes_from(broker: str) -> None:
    assert ask(broker, "lanes", "default") == "{'three@here': 3}; {}"


@pytest.mark.slow
def test_a_broker_that_is_away_is_no_answer() -> None:
    assert ask("redis://127.0.0.1:1/0", "lanes") == "None"
