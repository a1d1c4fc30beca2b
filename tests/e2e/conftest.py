"""One real Airflow, four simulated rigs with 26 GPUs, two pools: shared by the tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psutil
import pytest

from sim.demo.stand import Stand, stand
from sim.pools import PoolKind, make_pool
from tests.support.needs import require_program

POOL_ROWS = 44_647


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    home = tmp_path_factory.mktemp("e2e") / "home"
    home.mkdir(mode=0o700)
    pools = {
        "bidirectional_survivors_binary.npz": make_pool(PoolKind.PLANTED, POOL_ROWS, 1),
        "null.npz": make_pool(PoolKind.NULL, POOL_ROWS, 1),
    }
    with stand(home, pools) as everything:
        yield everything
        own = os.getpid()
    assert [process for process in psutil.Process(own).children(recursive=True) if _belongs(process, str(home))] == []


@pytest.fixture(scope="session")
def chromium() -> str:
    return str(require_program("chromium"))


def _belongs(process: psutil.Process, home: str) -> bool:
    try:
        return home in " ".join(process.cmdline()) or home in process.environ().values()
    except psutil.Error:
        return False
