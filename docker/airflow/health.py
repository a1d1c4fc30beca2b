"""Says by its exit code whether a service of docker-compose.yaml does its work: `health.py SERVICE`.

Airflow's own `airflow jobs check` and `celery inspect` import Airflow, which is seconds of processor time at each look.
Standard library, psycopg2 and Celery alone; what is wrong is in the output, which `docker inspect` shows.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import urllib.error
import urllib.request
from typing import Any

_TIMEOUT_S = 8
_HEARTBEAT_S = 60
_JOB = (
    "SELECT extract(epoch FROM now() - max(latest_heartbeat)) FROM job"
    " WHERE job_type = %s AND state = 'running' AND hostname = %s"
)


def api() -> str | None:
    """See that the API server answers, and its database answers it."""
    health = _json("http://localhost:8080/api/v2/monitor/health")
    state = health["metadatabase"]["status"]
    return None if state == "healthy" else f"the API server calls its database {state}"


def scheduler() -> str | None:
    """See that the scheduler's loop turns: its own server says so, with 503 when the last turn is long ago."""
    try:
        urllib.request.urlopen("http://localhost:8974/health", timeout=_TIMEOUT_S).close()
    except urllib.error.HTTPError as error:
        return f"the scheduler calls itself unhealthy ({error.code})"
    return None


def job(kind: str) -> str | None:
    """See that the job of this container noted its heartbeat lately."""
    import psycopg2

    url = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    connection = psycopg2.connect(url, connect_timeout=_TIMEOUT_S)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_JOB, (kind, socket.getfqdn()))
            age = cursor.fetchone()[0]
    finally:
        connection.close()
    if age is None:
        return f"no running {kind} of {socket.getfqdn()} is in the database"
    return None if age < _HEARTBEAT_S else f"the last heartbeat of {kind} is {age:.0f} s old"


def worker() -> str | None:
    """See that the Celery worker of this container answers over the broker, as the scheduler reaches it."""
    from celery import Celery

    name = f"celery@{socket.gethostname()}"
    with Celery(broker=os.environ["AIRFLOW__CELERY__BROKER_URL"]) as app:
        answers = app.control.inspect(destination=[name], timeout=_TIMEOUT_S / 2).ping()
    return None if answers and name in answers else f"{name} does not answer over the broker"


def _json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as reply:  # noqa: S310 - our own address
        return json.load(reply)


CHECKS = {
    "api-server": api,
    "scheduler": scheduler,
    "dag-processor": lambda: job("DagProcessorJob"),
    "triggerer": lambda: job("TriggererJob"),
    "worker": worker,
}


def main() -> int:
    """Run the check of one service; 0 when it is healthy."""
    try:
        wrong = CHECKS[sys.argv[1]]()
    except Exception as error:  # whatever it is, the service is not healthy
        wrong = f"{type(error).__name__}: {error}"
    print(wrong or "healthy")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
