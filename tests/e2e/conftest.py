"""One real Airflow, four simulated rigs with 26 GPUs, two pools: shared by the tests of this folder.

The first run is on all rigs and publishes; the others have fewer, since each lane is a process of Airflow's that
starts for seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from sim.demo.stand import Stand, stand
from sim.pools import PoolKind, make_pool
from sim.rigs.processes import living_at
from tests.e2e.airflow_ui import logged_in
from tests.e2e.answering import Answered, answered
from tests.e2e.runs import WEAK, only, published
from tests.e2e.watching import Watched, watched_run
from tests.support.browser import chromium
from tests.support.mail import SMTP, Mailbox, mailbox
from tests.support.own_database import database_of
from tests.support.processes import with_files_below

POOL_ROWS, NULL_ROWS = 44_647, 12_000
TOLD_AND_SHORT = {
    "SCORER_NOTIFY": json.dumps([SMTP]),
    "SCORER_HEAD_SWEEP_ROWS": str(POOL_ROWS - 1),  # the evidence beside each verdict takes longer than all else
}


@pytest.fixture(scope="package")
def mails() -> Iterator[Mailbox]:
    """What the Airflow of these tests sends."""
    with mailbox() as box, pytest.MonkeyPatch.context() as patch:
        for name, value in box.connection.items():
            patch.setenv(name, value)
        yield box


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory, mails: Mailbox) -> Iterator[Stand]:
    home = tmp_path_factory.mktemp("e2e") / "home"
    home.mkdir(mode=0o700)
    pools = {
        "bidirectional_survivors_binary.npz": make_pool(PoolKind.PLANTED, POOL_ROWS, 1),
        "null.npz": make_pool(PoolKind.NULL, NULL_ROWS, 7),
    }
    with stand(home, pools, database_url=database_of(home), variables=TOLD_AND_SHORT) as everything:
        yield everything
    assert with_files_below(home / "airflow") == []
    assert [process for node in everything.cluster.nodes for process in living_at(node.home)] == []


@pytest.fixture(scope="package")
def rejected(up: Stand, desk: BrowserContext) -> Answered:
    """A run that found something to publish, and was told not to; nothing was published before it."""
    with only(up, "head"):
        found = answered(up, desk, "Reject", WEAK)
    assert not (up.settings.publish_dir / "optimal_scorer_config.json").exists()
    return found


@pytest.fixture(scope="package")
def approved(up: Stand, desk: BrowserContext, rejected: Answered) -> Answered:
    """A sweep of the planted pool on all rigs, which publishes."""
    return answered(up, desk, "Approve", {})


@pytest.fixture(scope="package")
def planted(approved: Answered) -> dict[str, Any]:
    """That run, as Airflow has it."""
    return approved.ended.run


@pytest.fixture(scope="package")
def champion(up: Stand, planted: dict[str, Any]) -> bytes:
    """What that run published."""
    return published(up)


@pytest.fixture(scope="package")
def watched(up: Stand, champion: bytes, desk: BrowserContext) -> Watched:
    """A run that loses a rig, watched in its tab in the browser; at its end."""
    return watched_run(up, desk)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def desk(up: Stand, browser: Browser) -> Iterator[BrowserContext]:
    """Where one has logged in; its pages are open while somebody looks at them, since each works all the time."""
    with logged_in(up.airflow, browser) as page:
        page.close()
        yield page.context
