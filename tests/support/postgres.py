"""A real PostgreSQL server on loopback, for as long as a test needs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sim.rigs.ports import LOOPBACK, ReservedPort
from tests.support.needs import require_program

USER = "scorer"
_SERVICE_USER = "postgres"  # the server refuses to run as root; Debian's package makes this user
_OPTIONS = "-c listen_addresses={host} -c port={port} -c unix_socket_directories='' -c max_connections=60"


@contextmanager
def postgres_server(more: str = "") -> Iterator[str]:
    """Start a server in a temporary folder and yield the URL of its empty database.

    It has Debian's defaults and is durable, unless `more` options say otherwise.
    """
    initdb = require_program("initdb")
    service_user = _SERVICE_USER if os.geteuid() == 0 else None
    # Not below pytest's tmp_path: the service user cannot pass root's folders.
    with tempfile.TemporaryDirectory(prefix="scorer-postgres-") as name, closing(ReservedPort()) as port:
        folder, control = Path(name), initdb.with_name("pg_ctl")
        if service_user:
            shutil.chown(folder, service_user)
        _run(service_user, initdb, "-D", folder / "data", "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"{_OPTIONS.format(host=LOOPBACK, port=port.number)} {more}"
        on_data = ("-D", folder / "data", "-w", "-t", "30")
        _run(service_user, control, *on_data, "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://{USER}@{LOOPBACK}:{port.number}/postgres"
        finally:
            _run(service_user, control, *on_data, "-m", "immediate", "stop")


def _run(user: str | None, *command: str | Path) -> None:
    subprocess.run(
        command,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd="/",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # not a pipe: the server inherits it from pg_ctl and would hold it open
        check=True,
        timeout=60,
    )
