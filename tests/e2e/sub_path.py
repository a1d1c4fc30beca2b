"""A second API server of a running Airflow, below a base path, as behind a proxy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from sim.demo.airflow_stack import AirflowStack
from sim.rigs.ports import ReservedPort
from tests.e2e.waiting import until

BASE = "/sub"


@contextmanager
def below_a_base_path(airflow: AirflowStack) -> Iterator[str]:
    """Serve the Airflow's UI below BASE, too, and return its address there."""
    port = ReservedPort()
    url = f"http://127.0.0.1:{port.number}{BASE}"
    environment = {
        **airflow.environment,
        "AIRFLOW__API__PORT": str(port.number),
        "AIRFLOW__API__BASE_URL": url,
    }
    with (airflow.home / "api-server-below.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "airflow", "api-server"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until(lambda: _answers(url), "the API server below a base path", 90.0)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)
        port.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v2/monitor/health", timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
