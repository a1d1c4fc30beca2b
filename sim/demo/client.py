"""Airflow's REST API, as far as the demo and the tests use it."""

from __future__ import annotations

import time
from typing import Any

import httpx

from scorer_core.errors import RunError

DAG_ID = "scorer_meta_optimizer"
_PAGE = 100


class AirflowClient:
    """Talks to one Airflow as one user."""

    def __init__(self, url: str, user: str, password: str) -> None:
        token = httpx.post(
            f"{url}/auth/token", json={"username": user, "password": password}, timeout=30
        ).raise_for_status()
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        self._http = httpx.Client(base_url=f"{url}/api/v2", headers=headers, timeout=60)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def wait_for_dag(self, timeout_s: float = 60.0) -> None:
        """Wait until the DAG is parsed, and let it run.

        Raises:
            RunError: it was not, with the import errors that Airflow reports.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._http.get(f"/dags/{DAG_ID}").status_code == httpx.codes.OK:
                self._http.patch(f"/dags/{DAG_ID}", json={"is_paused": False}).raise_for_status()
                return
            time.sleep(0.5)
        errors = self._http.get("/importErrors").json()
        raise RunError(f"Airflow did not parse the DAG {DAG_ID} within {timeout_s:g} s: {errors}")

    def trigger(self, conf: dict[str, Any], run_id: str | None = None) -> httpx.Response:
        """Trigger a run; the response holds its `dag_run_id`, or why it was refused."""
        body = {"conf": conf, "logical_date": None} | ({} if run_id is None else {"dag_run_id": run_id})
        return self._http.post(f"/dags/{DAG_ID}/dagRuns", json=body)

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a run."""
        found: dict[str, Any] = self._http.get(f"/dags/{DAG_ID}/dagRuns/{run_id}").raise_for_status().json()
        return found

    def runs(self) -> list[dict[str, Any]]:
        """Return all runs of the DAG."""
        found: list[dict[str, Any]] = self._http.get(f"/dags/{DAG_ID}/dagRuns").raise_for_status().json()["dag_runs"]
        return found

    def task_instances(self, run_id: str) -> list[dict[str, Any]]:
        """Return every task instance of a run."""
        instances: list[dict[str, Any]] = []
        while True:
            page = self._http.get(
                f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances", params={"limit": _PAGE, "offset": len(instances)}
            )
            found = page.raise_for_status().json()
            instances.extend(found["task_instances"])
            if len(instances) >= found["total_entries"] or not found["task_instances"]:
                return instances

    def state(self, run_id: str, task_id: str) -> str | None:
        """Return the state of a task that is not mapped; None before it has one."""
        found: str | None = (
            self._http.get(f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/{task_id}")
            .raise_for_status()
            .json()["state"]
        )
        return found

    def clear(self, run_id: str, *tasks: str | tuple[str, int], downstream: bool = False) -> list[dict[str, Any]]:
        """Clear tasks, or single map indices of them, so that they run again; return the task instances cleared."""
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": tasks, "only_failed": False}
        reply = self._http.post(
            f"/dags/{DAG_ID}/clearTaskInstances", json={**body, "include_downstream": downstream}
        ).raise_for_status()
        cleared: list[dict[str, Any]] = reply.json()["task_instances"]
        return cleared

    def log(self, instance: dict[str, Any]) -> str:
        """Return the log of a task instance's last try, one event a line."""
        reply = self._http.get(
            f"/dags/{DAG_ID}/dagRuns/{instance['dag_run_id']}/taskInstances/{instance['task_id']}"
            f"/logs/{max(1, instance['try_number'])}",
            params={"map_index": instance["map_index"]},
            headers={"Accept": "application/json"},
        )
        events = reply.raise_for_status().json()["content"]
        return "\n".join(_line(event) for event in events)

    def wait(self, run_id: str, timeout_s: float = 300.0) -> dict[str, Any]:
        """Wait until a run has ended, and return it.

        Raises:
            RunError: it did not end in time.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            run = self.run(run_id)
            if run["state"] in ("success", "failed"):
                return run
            time.sleep(1.0)
        raise RunError(f"run {run_id} did not end within {timeout_s:g} s")


def _line(event: Any) -> str:
    if not isinstance(event, dict):
        return str(event)
    lines = [str(event.get("event", ""))]
    for detail in event.get("error_detail") or ():
        lines.append(f"  {detail.get('exc_type')}: {detail.get('exc_value')}")
    return "\n".join(lines)
