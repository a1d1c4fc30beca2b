"""How long the server takes, with all of Airflow's checks, for the largest runs that there are."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.tables import RunRow
from tests.scorer_airflow.web.client import TestClient
from tests.scorer_airflow.web.conftest import SetTo
from tests.scorer_airflow.web.installed import DAG
from tests.support.large_run import write_large_run
from tests.support.prepared import make_settings

pytestmark = [pytest.mark.slow, pytest.mark.alone]

LANES, LIVE_TRIALS, MANY_TRIALS = 208, 10_000, 100_000
REFRESH_S, FIRST_VIEW_S, FIRST_VIEW_BYTES = 0.2, 1.0, 200_000
RUN = f"/scorer/run/{DAG}/large"


def written(home: Path, set_to: SetTo, trials: int) -> Ledger:
    settings = make_settings(home)
    set_to(settings)
    ledger = Ledger(settings.database_url)
    ledger.create_tables()
    assert len(write_large_run(ledger, "large", trials)) == LANES
    return ledger


def median_seconds(ask: Callable[[], object], times: int = 5) -> float:
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        spent.append(time.perf_counter() - began)
    return sorted(spent)[times // 2]


def test_a_refresh_of_the_tab_with_208_lanes_and_10_000_trials(
    viewer: TestClient, tmp_path: Path, set_to: SetTo
) -> None:
    written(tmp_path / "home", set_to, LIVE_TRIALS)
    page = viewer.get(f"{RUN}/now").text
    assert page.count('<li class="working"') == LANES
    assert "8,000" in page

    spent = median_seconds(lambda: viewer.get(f"{RUN}/now"))

    assert spent < REFRESH_S, f"a refresh took {spent:.3f} s"


def test_the_first_view_of_100_000_trials(viewer: TestClient, tmp_path: Path, set_to: SetTo) -> None:
    ledger = written(tmp_path / "home", set_to, MANY_TRIALS)

    for address in (RUN, "/scorer/", "/scorer/fleet"):
        page = viewer.get(address)
        spent = median_seconds(partial(viewer.get, address), 3)
        assert (page.status_code, len(page.content) < FIRST_VIEW_BYTES) == (200, True), (address, len(page.content))
        assert spent < FIRST_VIEW_S, f"{address} took {spent:.3f} s"

    with ledger.engine.begin() as connection:
        connection.execute(update(RunRow).values(ended_at=datetime.now(UTC)))
    page = viewer.get(RUN)
    assert median_seconds(lambda: viewer.get(RUN), 3) < FIRST_VIEW_S
    assert (len(page.content) < FIRST_VIEW_BYTES, "NO VERDICT" in page.text) == (True, True)
