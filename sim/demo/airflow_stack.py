"""A real Airflow on this machine: API server, scheduler and DAG processor, started and ended as one.

No task defers, and since 3.3 a task that waits for a human needs no triggerer either.

`airflow standalone` is not used: with SQLite and many mapped tasks its connection pool runs dry, its
components end one by one, and on SIGTERM it leaves children behind.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from scorer_core.errors import RunError
from sim.rigs.ports import ReservedPort
from sim.rigs.processes import kill_until_none

COMPONENTS = ("api-server", "scheduler", "dag-processor")
USER = "admin"
_START_TIMEOUT_S = 90.0
_STOP_TIMEOUT_S = 10.0
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class AirflowStack:
    """The processes of one Airflow, all below one home; a context manager."""

    home: Path
    settings: dict[str, str]
    parallelism: int = 32
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _killed: set[int] = field(default_factory=set)  # sessions whose leader was killed: its children may live on

    def __post_init__(self) -> None:
        self._ports = [ReservedPort() for _ in range(2)]
        self.port, log_port = [port.number for port in self._ports]
        self.url = f"http://127.0.0.1:{self.port}"
        self.password = secrets.token_urlsafe(12)
        self.environment = {**os.environ, **self._airflow(log_port), **self.settings}
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # each task would compile its imports again

    def _airflow(self, worker_logs: int) -> dict[str, str]:
        options = {
            "CORE__DAGS_FOLDER": str(_REPOSITORY / "dags"),
            "CORE__PLUGINS_FOLDER": str(_REPOSITORY / "plugins"),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": str(self.parallelism),
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "API__PORT": str(self.port),
            "API__HOST": "127.0.0.1",
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            "API__SECRET_KEY": secrets.token_hex(16),
            "API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}?timeout=60",
            "DATABASE__SQL_ALCHEMY_POOL_SIZE": "100",
            "DAG_PROCESSOR__REFRESH_INTERVAL": "300",
            "LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            "LOGGING__WORKER_LOG_SERVER_PORT": str(worker_logs),
            "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        python_path = os.pathsep.join([str(_REPOSITORY), str(_REPOSITORY / "plugins")])
        return {
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": python_path,
            "OMP_NUM_THREADS": "1",
            **{f"AIRFLOW__{name}": value for name, value in options.items()},
        }

    def __enter__(self) -> Self:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        passwords = self.home / "passwords.json"
        passwords.write_text(json.dumps({USER: self.password}))
        passwords.chmod(0o600)
        local_settings = self.home / "config" / "airflow_local_settings.py"
        local_settings.parent.mkdir(exist_ok=True)
        local_settings.write_text("import scorer_airflow.preload\n")
        try:
            self._migrate()
            self.start_all()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start_all(self) -> None:
        """Start every component and wait until they are healthy.

        Raises:
            RunError: one of them ended, or is not healthy in time.
        """
        for component in COMPONENTS:
            self.start(component)
        self._wait_until_healthy()

    def start(self, component: str) -> None:
        """Start one component; its output goes to a file below the home."""
        with self._log(component).open("ab") as log:
            self._processes[component] = subprocess.Popen(  # noqa: S603
                self._command(component),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise RunError when a component ended by itself."""
        for component, process in self._processes.items():
            if process.poll() is not None:
                raise RunError(
                    f"Airflow's {component} ended with code {process.returncode}. "
                    f"See {self._log(component)}:\n{self._tail(component)}"
                )

    def kill(self, component: str) -> None:
        """Kill one component with SIGKILL, without its children."""
        process = self._processes.pop(component)
        process.kill()
        process.wait(timeout=_STOP_TIMEOUT_S)
        self._killed.add(process.pid)

    def restart(self, component: str) -> None:
        """End one component as a service manager does, and start it with the environment as it is now."""
        process = self._processes.pop(component)
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=_STOP_TIMEOUT_S)
        self.start(component)

    def crash(self) -> None:
        """Kill every process with SIGKILL, as a power cut does; home and ports stay, for `start_all`."""
        kill_until_none(self.running)
        for process in self._processes.values():
            process.wait(timeout=_STOP_TIMEOUT_S)
        self._processes.clear()

    def stop(self) -> None:
        """End every process of this Airflow, also those that it started; ask first, then insist."""
        for process in self._processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while self.running() and time.monotonic() < deadline:
            time.sleep(0.2)
        self.crash()
        for port in self._ports:
            port.close()

    def running(self) -> list[psutil.Process]:
        """Return every living process of this Airflow, also those that its components started."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and self._is_ours(process):
                    found.append(process)
            except (psutil.Error, ProcessLookupError):
                continue
        return found

    def _is_ours(self, process: psutil.Process) -> bool:
        """Tell by the session: Airflow's processes rename themselves, which overwrites their environment."""
        session = os.getsid(process.pid)
        if session in {component.pid for component in self._processes.values()}:
            return True
        if session in self._killed and not psutil.pid_exists(session):  # else its number was given anew
            return True
        return process.pid != os.getpid() and process.environ().get("AIRFLOW_HOME") == str(self.home)

    def airflow(self, *arguments: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run one command of Airflow's own command line to its end."""
        return subprocess.run(  # noqa: S603
            self._command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def _migrate(self) -> None:
        done = self.airflow("db", "migrate")
        if done.returncode:
            raise RunError(f"`airflow db migrate` failed:\n{done.stderr[-2000:]}")

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            self.check()
            try:
                health = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
                if all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")):
                    return
            except (httpx.HTTPError, ValueError, KeyError):
                pass
            time.sleep(0.5)
        raise RunError(f"Airflow was not healthy within {_START_TIMEOUT_S:g} s. See the logs in {self.home}.")

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "airflow", *arguments]

    def _log(self, component: str) -> Path:
        return self.home / f"{component}.log"

    def _tail(self, component: str) -> str:
        return self._log(component).read_text(errors="replace")[-2000:]
