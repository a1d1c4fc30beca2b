"""Given a database that somebody locks for 10 s in mid-run: the lanes wait, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from scorer_core.ledger import ledger
from scorer_core.ledger.database import open_engine
from scorer_core.ledger.tables import Base
from scorer_core.pool.survivors import pool_from_columns
from scorer_core.run.trials import TicketState
from scorer_core.steps.collect import collect
from scorer_core.steps.gpu_slots import gpu_slots
from sim.pools import PoolKind, make_pool
from sim.rigs.cluster import NodeSpec, SimCluster
from tests.integration.faults.network import wait_until_no_worker
from tests.integration.faults.slow_worker import set_seconds, slow_workers
from tests.integration.rigs import Lanes, deploy_all, make_settings
from tests.support.postgres import postgres_server
from tests.support.prepared import prepared

LOCKED_S = 10.0
N_TRIALS = 60
PUBLISHED = b'{"published": "before"}\n'
FAULT = "database locked for 10 s in mid-run"


@pytest.fixture(
    params=[
        pytest.param(kind, id=kind, marks=pytest.mark.fault(FAULT, servers=f"simulated, {kind}"))
        for kind in ("SQLite", "PostgreSQL")
    ]
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with ExitStack() as stack:
        if request.param == "SQLite":
            yield f"sqlite:///{tmp_path / 'home' / 'scorer.db'}"
        else:
            yield stack.enter_context(postgres_server())


@pytest.fixture(autouse=True)
def closed_at_the_end(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the ledgers' connections, which a lane's process holds until it ends; here all are in one process."""
    opened: list[Engine] = []

    def remember(url: str) -> Engine:
        opened.append(open_engine(url))
        return opened[-1]

    monkeypatch.setattr(ledger, "open_engine", remember)
    yield
    for engine in opened:
        engine.dispose()


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold the database as another program would, so that nobody else writes; on PostgreSQL nobody reads either."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 30} if "sqlite" in url else {})
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.dbapi_connection.isolation_level = None  # type: ignore[union-attr]
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            connection.execute(text(f"LOCK TABLE {_tables()} IN ACCESS EXCLUSIVE MODE"))
        try:
            yield
        finally:
            connection.exec_driver_sql("ROLLBACK")


def _tables() -> str:
    return ", ".join(sorted(Base.metadata.tables))


def test_the_lanes_wait_for_a_locked_database_and_nothing_is_lost(
    tmp_path: Path, database_url: str, outcome: Callable[[str], None]
) -> None:
    pool = pool_from_columns(make_pool(PoolKind.PLANTED, 5_000, seed=1), where="pool")
    specs = [NodeSpec("rig-a", "nvidia", 2), NodeSpec("rig-b", "amd", 1)]
    published = tmp_path / "home" / "published" / "optimal_scorer_config.json"
    published.parent.mkdir(parents=True, exist_ok=True)
    published.write_bytes(PUBLISHED)
    with SimCluster.start(None, tmp_path / "cluster", nodes=specs) as cluster, slow_workers():
        settings = make_settings(tmp_path / "home", cluster.inventory, database_url=database_url)
        context = prepared(settings, pool, n_trials=N_TRIALS, sample_size=None, search="random", seed=3)
        inventory = deploy_all(context)
        for node in cluster.nodes:
            set_seconds(node.home / "scorer", 0.1)

        def done() -> int:
            return context.ledger.counts(context.run_id)[TicketState.DONE]

        lanes = Lanes(context, gpu_slots(inventory, dict.fromkeys(("rig-a", "rig-b"), 60.0), 3))
        while done() < 10:
            time.sleep(0.01)
        with locked(database_url):
            time.sleep(LOCKED_S)  # long enough for all trials, if the lanes could record them
        still_to_do = N_TRIALS - done()
        lanes.join()
        for node in cluster.nodes:
            wait_until_no_worker(node.home)
        collected = collect(context, inventory)

    tickets = context.ledger.tickets(context.run_id)
    assert still_to_do > N_TRIALS / 4, "the lanes went on in a locked database: nothing was tested"
    assert lanes.errors == {}
    assert [ticket.number for ticket in tickets] == list(range(N_TRIALS))
    assert {(ticket.state, ticket.attempts) for ticket in tickets} == {(TicketState.DONE, 1)}
    assert context.ledger.failures(context.run_id) == []
    assert (collected.executed, collected.collected, collected.recovered) == (N_TRIALS, N_TRIALS, 0)
    assert sum(collected.journalled.values()) == N_TRIALS, "no trial was computed twice"
    assert published.read_bytes() == PUBLISHED
    outcome(f"the lanes wait, no attempt fails: {N_TRIALS} of {N_TRIALS} results, each at its first attempt")
