"""Given the old system's 80 answers: a worker over SSH gives them too, alone and at work in a lane."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from scorer_airflow.ssh.connect import connect
from scorer_core.cluster import Node
from scorer_core.inventory import node_model
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.records import RunRecord
from scorer_core.ledger.tables import TicketRow
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.trial import TrialRequest
from scorer_core.search.lane import Lane
from scorer_core.spec import RunSpec
from scorer_core.transport import bundle
from scorer_core.transport.deploy import Shipment
from scorer_core.transport.session import WorkerSession
from sim.rigs.cluster import NodeSpec, SimCluster
from tests.integration.rigs import deploy_to
from tests.support.pools import GOLDEN_POOL
from tests.support.sshd import OpenSshServer

pytestmark = pytest.mark.slow

Vector = dict[str, Any]


@pytest.fixture(scope="module")
def shipment() -> Shipment:
    """The worker as it is now, and the whole golden pool."""
    worker, pool = bundle.build(), GOLDEN_POOL.read_bytes()
    return Shipment(lambda: worker.content, worker.sha256, lambda: pool, hashlib.sha256(pool).hexdigest())


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("golden") / "cluster"
    with SimCluster.start(None, folder, nodes=[NodeSpec("rig-a", "amd", 2)]) as cluster:
        yield cluster.nodes[0].inventory_entry()


@pytest.fixture(scope="module")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with OpenSshServer(tmp_path_factory.mktemp("golden") / "openssh") as server:
        yield server.inventory_entry()


@pytest.fixture(scope="module", params=["simulated", "openssh"])
def node(request: pytest.FixtureRequest, shipment: Shipment) -> Node:
    """A node with worker and golden pool on it."""
    found = node_model("ssh").model_validate(request.getfixturevalue(request.param))
    deploy_to(found, shipment)
    return found


def number_of(vector: Vector) -> int:
    return int(vector["params"]["optuna_trial_number"])


def params_of(vector: Vector) -> dict[str, Any]:
    return {
        name: value for name, value in vector["params"].items() if name not in ("optuna_trial_number", "sample_size")
    }


def check(evaluation: dict[str, Any], vector: Vector) -> None:
    assert evaluation["objective"] == pytest.approx(vector["objective"], abs=1e-6, rel=0)
    assert evaluation["subset_n"] == vector["subset_n"]
    assert evaluation["reason"] == vector["reason"]


def start(connection: Any, gpu: int, run_id: str, shipment: Shipment) -> WorkerSession:
    return WorkerSession.start(
        connection,
        Slot(connection.node.name, gpu),
        run_id=run_id,
        worker_sha256=shipment.worker_sha256,
        pool_sha256=shipment.pool_sha256,
        silence_s=20.0,
        cache_mb=256,
    )


def test_a_worker_over_ssh_agrees_with_the_old_system(
    node: Node, shipment: Shipment, golden_vectors: list[Vector]
) -> None:
    with connect(node) as connection:
        session = start(connection, 1, "golden", shipment)
        for vector in golden_vectors:
            size = vector["params"]["sample_size"]
            request = TrialRequest(number_of(vector), params_of(vector), size, MaskPolicy.MAX_OFFSET)
            result = session.run(request, 60)
            check(result.evaluation, vector)
            assert (result.node, result.gpu, result.pool_sha256) == (node.name, 1, shipment.pool_sha256)
        session.close()

    assert len(golden_vectors) == 80


def runs_of(vectors: list[Vector]) -> list[dict[int, Vector]]:
    """Deal the vectors out to runs: one sample size each, and each trial number once."""
    runs: dict[tuple[int, int], dict[int, Vector]] = defaultdict(dict)
    for vector in vectors:
        again = 0
        while number_of(vector) in runs[vector["params"]["sample_size"], again]:
            again += 1
        runs[vector["params"]["sample_size"], again][number_of(vector)] = vector
    return [by_number for by_number in runs.values() if by_number]


def open_run(ledger: Ledger, run_id: str, by_number: dict[int, Vector], shipment: Shipment) -> RunRecord:
    """Make a run whose tickets are the vectors, their parameters written on them."""
    (size,) = {vector["params"]["sample_size"] for vector in by_number.values()}
    spec = RunSpec.from_conf({"n_trials": max(by_number) + 1, "sample_size": size, "search": "random", "seed": 1})
    ledger.open_run(
        run_id,
        spec,
        worker_sha256=shipment.worker_sha256,
        pool_sha256=shipment.pool_sha256,
        pool_content="golden",
        folder="unused",
    )
    with Session(ledger.engine) as session, session.begin():
        mine = TicketRow.run_id == run_id
        session.execute(delete(TicketRow).where(mine, TicketRow.number.not_in(by_number)))
        for number, vector in by_number.items():
            session.execute(update(TicketRow).where(mine, TicketRow.number == number).values(params=params_of(vector)))
    return ledger.run(run_id)


def test_a_lane_over_ssh_agrees_with_the_old_system(
    node: Node, shipment: Shipment, golden_vectors: list[Vector], tmp_path: Path
) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.create_tables()
    runs = {f"golden-{place}": by_number for place, by_number in enumerate(runs_of(golden_vectors))}
    checked = 0

    with connect(node) as connection:
        for run_id, by_number in runs.items():
            session = start(connection, 0, run_id, shipment)
            run = open_run(ledger, run_id, by_number, shipment)
            report = Lane(Slot(node.name, 0), ledger, run, timedelta(seconds=30)).work(session)
            session.close()

            assert (report.trials, report.failures) == (len(by_number), 0)
            for ticket in ledger.tickets(run_id):
                assert ticket.state is TicketState.DONE
                assert ticket.result is not None
                assert ticket.result.request["sample_size"] == run.spec.sample_size
                check(ticket.result.evaluation, by_number[ticket.number])
                checked += 1

    assert checked == 80
    assert {run["params"]["sample_size"] for by_number in runs.values() for run in by_number.values()} == {450, 5000}
