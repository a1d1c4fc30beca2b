"""One real Airflow, two simulated rigs with 4 GPUs, a planted pool: shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sim.demo.stand import Stand, stand
from sim.rigs.cluster import NodeSpec
from sim.rigs.processes import living_at
from tests.support.own_database import database_of
from tests.support.processes import with_files_below
from tests.support.runs import easy_columns

POOL_ROWS = 100_000
NO_EVIDENCE = {"SCORER_HEAD_SWEEP_ROWS": "0"}  # it has no part in these tests, and costs each gate half a minute
NODES = [NodeSpec("head", "nvidia", 2, head=True), NodeSpec("rig", "amd", 2)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    home = tmp_path_factory.mktemp("faults") / "home"
    home.mkdir(mode=0o700)
    pools = {"bidirectional_survivors_binary.npz": easy_columns(POOL_ROWS, 1)}
    with stand(home, pools, NODES, database_of(home), NO_EVIDENCE) as everything:
        yield everything
    assert with_files_below(home / "airflow") == []
    assert [process for node in everything.cluster.nodes for process in living_at(node.home)] == []
