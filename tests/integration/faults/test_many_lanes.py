"""Given four OpenSSH servers as Debian configures them: the lanes of 26 GPUs connect, all of them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import RigError
from scorer_core.run.slot import Slot
from scorer_core.search.lane import LaneReport
from scorer_core.steps.trial_lane import trial_lane
from tests.integration.faults.faulty_worker import faulty_workers, hold_all, release
from tests.integration.faults.runs import RUN, Run, assert_complete, deployed_run, rigs_up, until
from tests.support.sshd import OpenSshServer

GPUS = {"zeus": 2, "rig-1": 8, "rig-2": 8, "rig-3": 8}
LANES = sum(GPUS.values())
ALL_CONNECTED_S = 50.0


@pytest.mark.fault("26 lanes start at once against four OpenSSH servers with default settings", servers="OpenSSH")
@pytest.mark.timeout(150)
def test_26_lanes_connect_to_four_servers_with_default_settings(tmp_path: Path, outcome: Callable[[str], None]) -> None:
    with ExitStack() as stack:
        rigs = stack.enter_context(rigs_up(tmp_path, hasty=False))
        for name, gpus in GPUS.items():
            server = stack.enter_context(OpenSshServer(tmp_path / name, name, gpus=gpus))
            assert "MaxStartups" not in (server.folder / "sshd_config").read_text()
            rigs.openssh[name] = server
            rigs.entries.append(defaults(server))
        run = deployed_run(
            rigs, workers=faulty_workers(), n_trials=LANES, settings={"silence_s": 20.0, "reconnect_s": 90.0}
        )
        hold_all(rigs.roots())

        reports, errors, threads = start(run)
        until(lambda: attempts(run) == LANES, "not every lane has a trial", ALL_CONNECTED_S)
        release(rigs.roots())
        for thread in threads:
            thread.join(30)

        assert not errors
        assert sorted(report.trials for report in reports) == [1] * LANES
        assert not run.failures()
        assert Counter(ticket.result.node for ticket in run.tickets() if ticket.result) == GPUS
        assert_complete(run)
        outcome(f"all {LANES} hold a worker at the same time and record a trial each; none is refused for good")


def defaults(server: OpenSshServer) -> dict[str, object]:
    entry = server.inventory_entry()
    del entry["start_stagger_s"]
    return entry


def attempts(run: Run) -> int:
    return len({ticket.lane for ticket in run.tickets() if ticket.lane})


def start(run: Run) -> tuple[list[LaneReport], list[RigError], list[threading.Thread]]:
    """Start every lane in a thread, with the pauses that it has in Airflow."""
    reports: list[LaneReport] = []
    errors: list[RigError] = []

    def work(slot: Slot) -> None:
        try:
            reports.append(trial_lane(RunContext.load(RUN, run.context.settings), slot, time.sleep))
        except RigError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(slot,), daemon=True) for slot in run.slots()]
    for thread in threads:
        thread.start()
    return reports, errors, threads
