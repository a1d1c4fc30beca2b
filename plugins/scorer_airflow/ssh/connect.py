"""The entry point `ssh` of the group scorer.transports; paramiko is loaded when a node is really to be reached."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from scorer_airflow.ssh.keys import SshKeys
from scorer_core.cluster import Node
from scorer_core.transport.port import RigTransport, Transport

_AS_LIBRARY = "_AIRFLOW__AS_LIBRARY"
_loading = Lock()


def connect(node: Node) -> RigTransport:
    """Return a connection to a node, opened on first use."""
    with _loading, _airflow_makes_nothing():
        from scorer_airflow.ssh.transport import SshTransport

    return SshTransport(node)


@contextmanager
def _airflow_makes_nothing() -> Iterator[None]:
    """Import Airflow as a library where it was never set up: else it makes its home, and logs to standard output."""
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    if "airflow" in sys.modules or home.exists() or _AS_LIBRARY in os.environ:
        yield
        return
    os.environ[_AS_LIBRARY] = "1"
    try:
        yield
    finally:
        del os.environ[_AS_LIBRARY]
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


TRANSPORT = Transport(keys=SshKeys, connect=connect)
