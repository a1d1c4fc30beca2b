"""clean_artifacts goes by SCORER_TRANSPORT: the provider's SSHOperator for `ssh`, the port for every other one."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from airflow.providers.ssh.operators.ssh import SSHOperator
from airflow.sdk import Context

from scorer_airflow.operators.clean_artifacts import clean_artifacts
from scorer_core.context import RunContext
from scorer_core.errors import HostKeyMismatch, RigUnfit
from scorer_core.settings import Settings
from scorer_core.views.note import note_of
from sim.rigs.cluster import NodeSpec, SimCluster
from sim.rigs.keys import make_key_pair
from tests.scorer_airflow.dag_files import OPTIMIZER, load
from tests.scorer_core.steps.installation import make_run
from tests.support.prepared import make_node, make_settings

NODES = ("head", "rig-a")
LONG_AGO = time.time() - 400 * 86400.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimCluster]:
    specs = [NodeSpec("head", "nvidia", 1, head=True), NodeSpec("rig-a", "nvidia", 1)]
    with SimCluster.start(None, tmp_path_factory.mktemp("clean") / "cluster", nodes=specs) as running:
        yield running


@pytest.fixture(params=["ssh", "local"])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunContext:
    """A prepared run on a head and a rig, reached by a transport."""
    home = tmp_path / "home"
    entries: list[dict[str, Any]] = [make_node(home, "head", head=True), make_node(home, "rig-a")]
    if request.param == "ssh":
        nodes = request.getfixturevalue("cluster").nodes
        entries = [{**node.inventory_entry(), "root": str(home / "rigs" / node.name)} for node in nodes]
    settings = make_settings(home, *entries, transport=request.param, keep_runs=1)
    enter(monkeypatch, settings)
    return make_run(settings)


def enter(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Let tasks find these settings in their environment."""
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)


class NoXComs:
    """A task instance outside of Airflow: the provider's operator tells it the command's exit code."""

    def xcom_push(self, key: str, value: object) -> None:
        assert (key, value) == ("ssh_exit", 0)


def clean(node: str) -> str:
    task = clean_artifacts(task_id="clean_artifacts", node=node)
    cleaned: str = task.execute(cast(Context, {"run_id": "run-1", "task_instance": NoXComs()}))
    return cleaned


def make_old(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        os.utime(folder / name, (LONG_AGO, LONG_AGO))


def test_old_things_go_from_the_node_and_on_the_head_its_run_folders_too(
    run: RunContext, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    roots = {name: Path(run.inventory().node(name).root) for name in NODES}
    for root in roots.values():
        make_old(root / "workers", "old")
    runs = Path(run.settings.runs_dir)
    make_old(runs, "old-1", "old-2")

    assert clean("rig-a") == "rig-a"

    assert [(roots[name] / "workers" / "old").exists() for name in NODES] == [True, False]
    assert (runs / "old-1").exists()
    assert "rig-a: removed 1 of workers (old)" in caplog.messages
    told = caplog.text + "".join(capfd.readouterr())
    assert "import" not in told, "the command, and with it the source of a script, is in the log"
    assert "paramiko" not in told

    assert clean("head") == "head"

    assert not (roots["head"] / "workers" / "old").exists()
    assert {path.name for path in runs.iterdir()} < {"run-1", "old-1", "old-2"}


def test_a_node_that_cannot_be_cleaned_is_an_error_that_deploy_has_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path, make_node(tmp_path, "rig-a", python="/no/python"))
    enter(monkeypatch, settings)
    make_run(settings)

    with pytest.raises(RigUnfit, match="rig-a: cleaning failed with exit code 127"):
        clean("rig-a")


def test_over_ssh_a_command_that_fails_says_why_and_the_note_of_the_run_names_the_node(
    cluster: SimCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {**cluster.node("rig-a").inventory_entry(), "python": "/no/python"}
    enter(monkeypatch, make_settings(tmp_path / "home", entry, transport="ssh"))
    run = make_run(make_settings(tmp_path / "home", entry, transport="ssh"))

    with pytest.raises(RigUnfit, match="rig-a: cleaning failed with exit code 127: .*not found"):
        clean("rig-a")

    assert "rig-a was left out: cleaning failed with exit code 127" in note_of(run.ledger.engine, run.run_id)


def test_over_ssh_another_host_key_is_refused_and_the_note_of_the_run_says_so(
    cluster: SimCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = cluster.node("rig-a").inventory_entry()
    entry["ssh"]["host_key"] = make_key_pair(tmp_path / "stranger").public
    settings = make_settings(tmp_path / "home", entry, transport="ssh")
    enter(monkeypatch, settings)
    run = make_run(settings)

    with pytest.raises(HostKeyMismatch, match="rig-a: the host key is not the one in the inventory"):
        clean("rig-a")

    assert "rig-a was left out: the host key is not the" in note_of(run.ledger.engine, run.run_id)


@pytest.mark.parametrize(("transport", "by_provider"), [("ssh", True), ("local", False), ("another", False)])
def test_the_dag_has_the_task_that_the_setting_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str, by_provider: bool
) -> None:
    enter(monkeypatch, make_settings(tmp_path, transport=transport))

    task = load(OPTIMIZER).get_task("clean_artifacts")

    assert isinstance(task, SSHOperator) is by_provider
