"""`scorer cluster check` over SSH, typed by somebody who has no Airflow yet: it prints its table, and makes nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.rigs.cluster import NodeSpec, SimCluster
from tests.scorer_core.cli.installation import Installation, the_only_line

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """Two rigs, of which the second shows a host key that is not its own of the inventory."""
    specs = [NodeSpec(name, "nvidia", 1) for name in ("rig-a", "rig-b")]
    with SimCluster.start(None, tmp_path_factory.mktemp("check") / "cluster", nodes=specs) as cluster:
        first, second = (cluster.node(spec.name).inventory_entry() for spec in specs)
        second["ssh"]["host_key"] = first["ssh"]["host_key"]
        yield [first, second]


@pytest.mark.parametrize("airflow_home", [None, "airflow"], ids=["no Airflow yet", "an Airflow"])
def test_only_the_table_is_printed_and_no_airflow_is_made(
    tmp_path: Path, nodes: list[dict[str, Any]], airflow_home: str | None
) -> None:
    installation, inventory, person = Installation(tmp_path / "home"), tmp_path / "cluster.yaml", tmp_path / "person"
    inventory.write_text(yaml.safe_dump({"nodes": nodes}))
    person.mkdir()
    environ = {
        name: value
        for name, value in installation.environ(cluster_file=inventory).items()
        if not name.startswith(("AIRFLOW", "_AIRFLOW"))
    } | {"HOME": str(person)}
    if airflow_home is not None:
        environ["AIRFLOW_HOME"] = str(tmp_path / airflow_home)
        (tmp_path / airflow_home).mkdir()

    command = [word for word in installation.command("cluster", "check") if word not in ("-W", "error")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)

    assert done.returncode == 2
    error = "error: 1 of 2 nodes did not pass: rig-b. See the table. The inventory is "
    assert the_only_line(done.stderr) == f"{error}{inventory}."
    assert {line[0] for line in done.stdout.splitlines()} <= set("┏┃┡│└")
    assert done.stdout.count("SHA256:") == 2, "what the node shows, and what the inventory has"
    assert os.listdir(person) == []
