"""The services of docker-compose.yaml as a project of their own: started, killed, asked."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.demo.airflow_stack import USER
from sim.demo.client import AirflowClient

ROOT = Path(__file__).parents[2]
PROJECT = "scorer-faults"
PORT = "18080"
WITH_HEALTH = (
    *("postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", "worker-1", "worker-2"),
    *("rig-head", "rig-6600", "rig-6600b", "rig-6600c"),
)
RIGS = WITH_HEALTH[-4:]
HEALTHY_S = 120.0
_SLOW = Path(__file__).parent / "usercustomize.py"


@dataclass(frozen=True)
class Stack:
    """One project of Compose; its methods are what an operator types."""

    command: tuple[str, ...]

    @classmethod
    def of_this_checkout(cls) -> Stack:
        """Return the project; docker/init has to have been run."""
        return cls((*shlex.split(os.environ.get("COMPOSE", "docker-compose")), "--profile", "sim", "--profile", "demo"))

    def compose(self, *arguments: str, check: bool = True, given: bytes | None = None) -> str:
        """Run a command of Compose and return what it prints."""
        return self._run([*self.command, *arguments], check, given)

    def script(self, *command: str) -> str:
        """Run a script of the checkout that calls Compose, and return what it prints."""
        return self._run(list(command), True, None)

    def _run(self, command: list[str], check: bool, given: bytes | None) -> str:
        environ = {**os.environ, "COMPOSE_PROJECT_NAME": PROJECT, "SCORER_PORT": PORT}
        done = subprocess.run(command, cwd=ROOT, env=environ, input=given, capture_output=True)
        if check and done.returncode:
            raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
        return done.stdout.decode()

    def up(self) -> None:
        """Start what is not running: Airflow, its services and the rigs; nothing is built."""
        self.compose("up", "-d", "--no-build", *(service for service in WITH_HEALTH), "groomer")

    def inspect(self, service: str) -> dict[str, Any]:
        """Return the engine's view of a service's container."""
        container = self.compose("ps", "-q", service).strip()
        done = subprocess.run(["docker", "inspect", container], capture_output=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)[0]
        return found

    def health(self, service: str) -> str:
        """Return `healthy`, `unhealthy` or `starting` of a service, or the state of one that does not run."""
        state = self.inspect(service)["State"]
        return str(state["Health"]["Status"] if state["Status"] == "running" else state["Status"])

    def wait_until_healthy(self, timeout_s: float = HEALTHY_S) -> float:
        """Wait until every service is; return the seconds it took."""
        began = time.monotonic()
        while True:
            ill = {service: now for service in WITH_HEALTH if (now := self.health(service)) != "healthy"}
            if not ill:
                return time.monotonic() - began
            assert time.monotonic() - began < timeout_s, f"not healthy within {timeout_s:g} s: {ill}"
            time.sleep(1)

    def crash(self, service: str) -> None:
        """Kill a container's first process from outside, as lack of memory does: the engine starts it again."""
        os.kill(int(self.inspect(service)["State"]["Pid"]), signal.SIGKILL)

    def sql(self, query: str, database: str = "scorer", user: str = "postgres") -> str:
        """Ask the database server; one line a row, columns separated by |."""
        return self.compose("exec", "-T", "postgres", "psql", "-U", user, "-d", database, "-Atc", query).strip()

    def read(self, path: str) -> str:
        """Return a file of the shared volumes."""
        return self.compose("exec", "-T", "worker-1", "cat", path)

    def slow_rigs(self, seconds: float) -> None:
        """Have each trial on each rig last so long from now on."""
        script = "mkdir -p $(python3 -m site --user-site) && cat > $(python3 -m site --user-site)/usercustomize.py"
        for rig in RIGS:
            self.compose("exec", "-T", rig, "sh", "-c", script, given=_SLOW.read_bytes())
            self.compose("exec", "-T", rig, "sh", "-c", f"echo {seconds} > /home/scorer/seconds_per_trial")

    def client(self) -> closing[AirflowClient]:
        """Log in to the API server."""
        lines = (ROOT / ".env").read_text().splitlines()
        password = dict(line.split("=", 1) for line in lines if "=" in line)["SCORER_ADMIN_PASSWORD"]
        return closing(AirflowClient(f"http://127.0.0.1:{PORT}", USER, password))

    def done(self, run_id: str) -> int:
        """Return how many tickets of a run are done."""
        return int(self.sql(f"SELECT count(*) FROM scorer_tickets WHERE run_id = '{run_id}' AND state = 'done'"))

    def wait_for_trials(self, run_id: str, trials: int, timeout_s: float = 240.0) -> None:
        """Wait until so many trials of a run are done."""
        deadline = time.monotonic() + timeout_s
        while self.done(run_id) < trials:
            assert time.monotonic() < deadline, f"{run_id}: only {self.done(run_id)} trials within {timeout_s:g} s"
            time.sleep(0.5)
