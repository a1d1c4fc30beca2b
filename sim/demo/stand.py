"""Everything that a run needs, up and running: pools, rigs, Airflow with the DAG. The demo and the tests use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from scorer_core.context import open_ledger
from scorer_core.ledger.ledger import Ledger
from scorer_core.pool.files import write_columns
from scorer_core.settings import Settings, load_settings
from sim.demo.airflow_stack import USER, AirflowStack
from sim.demo.client import AirflowClient
from sim.rigs.cluster import NodeSpec, SimCluster

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATE = REPOSITORY / "config" / "cluster.yaml"
Columns = Mapping[str, NDArray[Any]]
_BESIDE_LANES = 6  # tasks; the executor starts a process for each that it may run


@dataclass(frozen=True)
class Stand:
    """A cluster and an Airflow that know each other, below one home."""

    settings: Settings
    cluster: SimCluster
    airflow: AirflowStack
    client: AirflowClient
    ledger: Ledger


@contextmanager
def stand(
    home: Path,
    pools: Mapping[str, Columns],
    nodes: Sequence[NodeSpec] | None = None,
    database_url: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Stand]:
    """Write the pools below the data directory, start rigs and Airflow, and end them all.

    Without `nodes` the rigs are those of config/cluster.yaml; without a database the ledger is below `home`;
    `variables` are other settings, as the environment has them.

    Raises:
        ScorerError: a part did not come up; the others are ended.
    """
    settings = load_settings(
        {
            "SCORER_HOME": str(home),
            "SCORER_SCHEDULE": "none",
            "SCORER_CLUSTER_FILE": str(home / "rigs" / "cluster.yaml"),
            **({} if database_url is None else {"SCORER_DATABASE_URL": database_url}),
            **(variables or {}),
        }
    )
    settings.data_dir.mkdir(mode=0o700)
    for name, columns in pools.items():
        write_columns(settings.data_dir / name, columns)
    with ExitStack() as stack:
        cluster = stack.enter_context(SimCluster.start(TEMPLATE, home / "rigs", nodes=nodes))
        lanes = sum(node.spec.gpus for node in cluster.nodes)
        airflow = stack.enter_context(AirflowStack(home / "airflow", settings.environment(), lanes + _BESIDE_LANES))
        client = stack.enter_context(closing(AirflowClient(airflow.url, USER, airflow.password)))
        client.wait_for_dag()
        yield Stand(settings, cluster, airflow, client, open_ledger(settings))
