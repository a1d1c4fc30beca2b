"""KEEP_CHAMPION and REJECT through the whole DAG: one rig, eight trials a run.

The tests run in the order of this file, so that the numbers of the decisions on a pool are known. A random
search asks for the same configs whatever the order of the lanes: what each run finds is known, too.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sim.demo.client import DAG_ID
from sim.demo.stand import Stand
from tests.e2e.runs import SHARDS, Ended, assert_refused, known_runs, only, published, sample_sizes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

QUICK = {"min_gpus": 2, "evidence_permutations": 0}
SEARCH = {**QUICK, "n_trials": 8, "search": "random"}
WEAK = {
    **SEARCH,
    "seed": 1,
    "sample_size": 450,
}  # of its eight configs, the best has a lift of 2.1 in a pool that has 4
NULL = {**QUICK, "survivors_path": "null.npz"}


@pytest.fixture(autouse=True)
def one_rig(up: Stand, planted: dict[str, Any]) -> Any:
    """What is published is the planted run's; the run of the test has the head's two GPUs."""
    with only(up, "head"):
        yield


def triggered_by_rest(up: Stand, conf: dict[str, Any]) -> str:
    reply = up.client.trigger(conf)
    assert reply.is_success, reply.text
    run_id: str = reply.json()["dag_run_id"]
    return run_id


def triggered_by_command(up: Stand, conf: dict[str, Any]) -> str:
    known = known_runs(up)
    done = up.airflow.airflow("dags", "trigger", DAG_ID, "--conf", json.dumps(conf))
    assert done.returncode == 0, done.stderr
    (run_id,) = known_runs(up) - known
    return run_id


def test_keep_champion_succeeds_with_publish_skipped(up: Stand) -> None:
    champion = published(up)

    ended = Ended.of(up, triggered_by_rest(up, WEAK))

    assert ended.end == ("success", "success", "skipped", "success")
    assert "KEEP_CHAMPION: Keep the published config" in ended.gate_log
    assert str(ended.run["note"]).startswith("KEEP_CHAMPION: Keep the published config")
    assert published(up) == champion
    assert (ended.summary["verdict"], ended.summary["published"]) == ("KEEP_CHAMPION", None)
    assert ended.failed_checks() == ["better"]
    assert ended.verdict["decision"] == 1, "the pool was decided before: it is no new decision"
    assert sample_sizes(ended.files) == {450: SEARCH["n_trials"]}


def test_reject_fails_the_gate_and_publishes_nothing(up: Stand) -> None:
    """A whole sweep of a pool without signal excludes a lift of 2; tests/e2e/test_lost_rig.py samples and cannot."""
    champion = published(up)

    ended = Ended.of(up, triggered_by_command(up, {**NULL, "min_lift": 2.0}))

    assert ended.verdict["verdict"] == "REJECT"
    assert_refused(ended, "none reaches 2.")
    assert published(up) == champion
    assert sample_sizes(ended.files) == {None: SHARDS}
