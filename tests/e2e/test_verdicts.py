"""The verdicts beside PUBLISH through the whole DAG: one rig, eight trials a run.

The tests run in the order of this file, so that the numbers of the decisions on a pool are known. A random
search asks for the same configs whatever the order of the lanes: what each run finds is known, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from scorer_core.publish.publisher import Publisher
from sim.demo.client import DAG_ID
from sim.demo.stand import Stand
from tests.e2e.runs import Ended, known_runs, only, sample_sizes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SEARCH = {"n_trials": 8, "search": "random", "min_gpus": 2}
WEAK = {**SEARCH, "seed": 4}  # of its eight configs, the best has a lift of 1.6 in a pool that has 4
NULL = {**SEARCH, "seed": 1, "sample_size": 450, "survivors_path": "null.npz"}


@pytest.fixture(autouse=True)
def one_rig(up: Stand, planted: dict[str, Any]) -> Any:
    """What is published is the planted run's; the run of the test has the head's two GPUs."""
    with only(up, "head"):
        yield


def published(up: Stand) -> bytes:
    return Publisher(up.settings.publish_dir).config.read_bytes()


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
    assert published(up) == champion
    assert (ended.summary["verdict"], ended.summary["published"]) == ("KEEP_CHAMPION", None)
    assert ended.failed_checks() == ["better"]
    assert ended.verdict["decision"] == 2


@pytest.mark.parametrize(
    ("triggered", "verdict", "min_lift", "said"),
    [
        (triggered_by_command, "REJECT", 3.0, "The answer is firm"),
        (triggered_by_rest, "INCONCLUSIVE", 1.05, "in all, are needed to tell"),
    ],
    ids=["REJECT", "INCONCLUSIVE"],
)
def test_a_refusal_fails_the_gate_and_publishes_nothing(
    up: Stand, triggered: Callable[[Stand, dict[str, Any]], str], verdict: str, min_lift: float, said: str
) -> None:
    """On one and the same pool without signal: what is asked for decides whether its rows suffice to say no."""
    champion = published(up)

    ended = Ended.of(up, triggered(up, {**NULL, "min_lift": min_lift}))

    assert ended.end == ("failed", "failed", "upstream_failed", "success")
    assert f"{verdict}: Nothing is published" in ended.gate_log
    assert said in ended.gate_log
    assert published(up) == champion
    assert (ended.summary["verdict"], ended.summary["published"]) == (verdict, None)
    assert {"real", "worth_it"} <= set(ended.failed_checks())
    assert ended.failed_checks()[0] == "real"
    assert sample_sizes(ended.files) == {450: 8}
