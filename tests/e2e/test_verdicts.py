"""Each of the four verdicts through the whole DAG: small pools, one rig, eight trials a run.

The tests run in the order of this file, so that the numbers of the decisions on a pool are known. A random
search asks for the same configs whatever the order of the lanes: what each run finds is known, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from scorer_core.publish.publisher import Publisher
from scorer_core.run.folder import RunFiles
from sim.demo.stand import Stand, stand
from sim.pools import PoolKind, make_pool
from sim.rigs.cluster import NodeSpec
from sim.rigs.processes import living_at
from tests.support.processes import with_files_below

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

POOL_ROWS = 12_000
NODES = [NodeSpec("head", "nvidia", 2, head=True)]
SEARCH = {"n_trials": 8, "sample_size": 2000, "search": "random", "min_gpus": 2}
PLANTED = {**SEARCH, "seed": 2}
NULL = {**SEARCH, "seed": 1, "survivors_path": "null.npz"}


@pytest.fixture(scope="module")
def one_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    home = tmp_path_factory.mktemp("verdicts") / "home"
    home.mkdir(mode=0o700)
    pools = {
        "bidirectional_survivors_binary.npz": make_pool(PoolKind.PLANTED, POOL_ROWS, 7),
        "null.npz": make_pool(PoolKind.NULL, POOL_ROWS, 7),
    }
    with stand(home, pools, NODES) as everything:
        yield everything
    assert with_files_below(home / "airflow") == []
    assert [process for node in everything.cluster.nodes for process in living_at(node.home)] == []


@dataclass(frozen=True)
class Ended:
    """A DAG run at its end, and what the gate and the summary say of it."""

    run: dict[str, Any]
    tasks: dict[str, str]
    gate_log: str
    files: RunFiles

    @property
    def verdict(self) -> dict[str, Any]:
        found: dict[str, Any] = self.files.verdict.read_json()
        return found

    @property
    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = self.files.summary.read_json()
        return found

    @property
    def end(self) -> tuple[str, str, str, str]:
        """How the DAG run, the gate, publish and report ended."""
        return (self.run["state"], *(self.tasks[name] for name in ("quality_gate", "publish", "report")))

    def failed_checks(self) -> list[str]:
        return [check["name"] for check in self.verdict["checks"] if check["passed"] is False]


def end_of(up: Stand, conf: dict[str, Any], run_id: str) -> Ended:
    """Trigger a run and wait for its end."""
    reply = up.client.trigger(conf, run_id)
    assert reply.is_success, reply.text
    run = up.client.wait(run_id)
    instances = up.client.task_instances(run_id)
    (gate,) = (one for one in instances if one["task_id"] == "quality_gate")
    return Ended(
        run=run,
        tasks={one["task_id"]: one["state"] for one in instances},
        gate_log=up.client.log(gate),
        files=RunFiles.of(up.settings.runs_dir, run_id),
    )


def test_publish_succeeds_and_the_config_is_there(one_rig: Stand) -> None:
    ended = end_of(one_rig, PLANTED, "first")

    publisher = Publisher(one_rig.settings.publish_dir)
    assert ended.end == ("success", "success", "success", "success")
    assert "PUBLISH: Publish the config of trial" in ended.gate_log
    assert publisher.config.read_bytes() == ended.files.config.read_bytes()
    assert ended.summary["verdict"] == "PUBLISH"
    assert ended.summary["published"]["config"] == str(publisher.config)
    assert ended.failed_checks() == []


def test_keep_champion_succeeds_with_publish_skipped(one_rig: Stand) -> None:
    publisher = Publisher(one_rig.settings.publish_dir)
    champion = publisher.config.read_bytes()

    ended = end_of(one_rig, PLANTED, "again")

    assert ended.end == ("success", "success", "skipped", "success")
    assert "KEEP_CHAMPION: Keep the published config" in ended.gate_log
    assert publisher.config.read_bytes() == champion
    assert (ended.summary["verdict"], ended.summary["published"]) == ("KEEP_CHAMPION", None)
    assert ended.failed_checks() == ["better"]
    assert ended.verdict["decision"] == 2


@pytest.mark.parametrize(
    ("verdict", "min_lift", "said"),
    [
        ("REJECT", 3.0, "The answer is firm"),
        ("INCONCLUSIVE", 1.05, "in all, are needed to tell"),
    ],
)
def test_a_refusal_fails_the_gate_and_publishes_nothing(
    one_rig: Stand, verdict: str, min_lift: float, said: str
) -> None:
    """On one and the same pool without signal: what is asked for decides whether its rows suffice to say no."""
    publisher = Publisher(one_rig.settings.publish_dir)
    champion = publisher.config.read_bytes()

    ended = end_of(one_rig, {**NULL, "min_lift": min_lift}, f"refused-{verdict}")

    assert ended.end == ("failed", "failed", "upstream_failed", "success")
    assert f"{verdict}: Nothing is published" in ended.gate_log
    assert said in ended.gate_log
    assert publisher.config.read_bytes() == champion
    assert (ended.summary["verdict"], ended.summary["published"]) == (verdict, None)
    assert {"real", "worth_it"} <= set(ended.failed_checks())
    assert ended.failed_checks()[0] == "real"
