"""One real Airflow, four simulated rigs with 26 GPUs, two pools: shared by the tests of this folder.

The first run is on all rigs and publishes; the others have fewer, since each lane is a process of Airflow's that
starts for seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sim.demo.stand import Stand, stand
from sim.pools import PoolKind, make_pool
from sim.rigs.processes import living_at
from tests.e2e.runs import published, task_state
from tests.e2e.waiting import until
from tests.e2e.watching import Watched, watched_run
from tests.support.needs import require_program
from tests.support.own_database import database_of
from tests.support.processes import with_files_below

POOL_ROWS, NULL_ROWS = 44_647, 12_000
A_PERSON_READS_S = 4.0  # an answer within the scheduler's own loop is taken for a task killed from outside


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    home = tmp_path_factory.mktemp("e2e") / "home"
    home.mkdir(mode=0o700)
    pools = {
        "bidirectional_survivors_binary.npz": make_pool(PoolKind.PLANTED, POOL_ROWS, 1),
        "null.npz": make_pool(PoolKind.NULL, NULL_ROWS, 7),
    }
    with stand(home, pools, database_url=database_of(home)) as everything:
        yield everything
    assert with_files_below(home / "airflow") == []
    assert [process for node in everything.cluster.nodes for process in living_at(node.home)] == []


@pytest.fixture(scope="package")
def planted(up: Stand) -> dict[str, Any]:
    """A run on the planted pool, triggered by REST, that waits for an approval; at its end."""
    reply = up.client.trigger({"require_approval": True})
    assert reply.is_success, reply.text
    run_id = reply.json()["dag_run_id"]
    until(lambda: task_state(up, run_id, "approve") == "awaiting_input", "the question to the operator")
    assert not (up.settings.publish_dir / "optimal_scorer_config.json").exists()
    time.sleep(A_PERSON_READS_S)
    up.client.approve(run_id)
    return up.client.wait(run_id)


@pytest.fixture(scope="package")
def champion(up: Stand, planted: dict[str, Any]) -> bytes:
    """What that run published."""
    return published(up)


@pytest.fixture(scope="package")
def watched(up: Stand, champion: bytes, chromium: str) -> Watched:
    """A run that loses a rig, watched in its tab in the browser; at its end."""
    return watched_run(up, chromium)


@pytest.fixture(scope="package")
def chromium() -> str:
    return str(require_program("chromium"))
