"""KEEP_CHAMPION and REJECT through the whole DAG: one rig, eight trials a run.

The tests run in the order of this file, so that the numbers of the decisions on a pool are known. A random
search asks for the same configs whatever the order of the lanes: what each run finds is known, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sim.demo.client import DAG_ID
from sim.demo.stand import Stand
from tests.e2e.runs import SEARCH, SHARDS, WEAK, Ended, known_runs, only, published, sample_sizes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NULL = {"min_gpus": 2, "survivors_path": "null.npz"}


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


@pytest.fixture
def refused_is_skipped(up: Stand) -> Iterator[None]:
    """An Airflow whose scheduler was started with SCORER_REFUSED=skipped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(up.airflow.environment, "SCORER_REFUSED", "skipped")
        up.airflow.restart("scheduler")
        yield
    up.airflow.restart("scheduler")


@pytest.mark.usefixtures("refused_is_skipped")
def test_reject_publishes_nothing_and_is_green_where_the_setting_says_so(up: Stand) -> None:
    """A whole sweep of a pool without signal excludes a lift of 2; tests/e2e/test_lost_rig.py samples, and is red."""
    champion = published(up)

    ended = Ended.of(up, triggered_by_command(up, {**NULL, "min_lift": 2.0}))

    assert ended.verdict["verdict"] == "REJECT"
    assert ended.end == ("success", "success", "skipped", "success")
    assert "REJECT: Nothing is published" in ended.gate_log
    assert "none reaches 2." in ended.gate_log
    assert str(ended.run["note"]).startswith("REJECT: Nothing is published")
    assert ended.failed_checks()[0] == "real"
    assert (ended.summary["verdict"], ended.summary["published"]) == ("REJECT", None)
    assert published(up) == champion
    assert sample_sizes(ended.files) == {None: SHARDS}
