"""A search that is interrupted leaves whole files, an ended run and no process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from scorer_core.ledger.ledger import Ledger
from scorer_core.pool.files import write_columns
from scorer_core.run.trials import TicketState
from tests.scorer_core.cli.installation import Installation
from tests.support.own_database import database_of
from tests.support.processes import heed_interrupts
from tests.support.runs import easy_columns
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow


def has_begun(installation: Installation) -> bool:
    """Say whether the only run has leased a ticket."""
    try:
        ledger = Ledger(database_of(installation.home))
        return any(ledger.counts(run.run_id)[TicketState.LEASED] for run in ledger.runs())
    except (OperationalError, ProgrammingError):  # the tables are being made
        return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_search_ends_whole(installation: Installation, tmp_path: Path, number: int, code: int) -> None:
    pool, run = tmp_path / "pool.npz", tmp_path / "run"
    write_columns(pool, easy_columns(60_000, seed=0))
    command = installation.command("search", "--pool", pool, "--out", run)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=installation.environ(), stdout=pipe, stderr=pipe, preexec_fn=heed_interrupts
    ) as search:
        assert eventually(lambda: has_begun(installation), timeout_s=60)
        below = psutil.Process(search.pid).children(recursive=True)
        search.send_signal(number)
        said, complained = search.communicate(timeout=60)

    assert (search.returncode, said, complained) == (code, b"", b"")
    assert not [one for one in below if one.is_running()]
    assert not [name for name in os.listdir(run) if name.startswith(".") or name.endswith(".tmp")]
    assert json.loads((run / "summary.json").read_text())["verdict"] is None
    (known,) = Ledger(database_of(installation.home)).runs()
    assert known.ended_at is not None
