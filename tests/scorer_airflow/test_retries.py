"""Which errors of a node, and of a lane, are worth another attempt: one rig down keeps no good GPU waiting."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from airflow.sdk import DAG, RetryAction

from scorer_airflow.retries import NODE_RETRY_POLICY, RETRY_POLICY
from scorer_core.errors import (
    AuthenticationFailed,
    InventoryError,
    PublishError,
    RigBusy,
    RigDown,
    RigLost,
    RigUnfit,
    RigUnreachable,
    Unreconciled,
)

RETRY, FAIL, DEFAULT = RetryAction.RETRY, RetryAction.FAIL, RetryAction.DEFAULT
DAG_FILE = Path(__file__).parents[2] / "dags" / "scorer_meta_optimizer.py"


@pytest.mark.parametrize(
    ("error", "of_a_lane", "of_a_node"),
    [
        (RigDown("rig-a", "nobody answers"), RETRY, FAIL),
        (RigUnreachable("rig-a", "no SSH connection"), RETRY, RETRY),
        (RigLost("rig-a", "cut"), RETRY, RETRY),
        (RigBusy("rig-a", "held"), RETRY, RETRY),
        (RigUnfit("rig-a", "no numpy"), FAIL, FAIL),
        (AuthenticationFailed("rig-a", "user"), FAIL, FAIL),
        (InventoryError("odd"), FAIL, FAIL),
        (Unreconciled("missing"), FAIL, FAIL),
        (PublishError("changed"), FAIL, FAIL),
        (KeyError("a fault of ours"), DEFAULT, DEFAULT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.value,
)
def test_what_may_come_back_is_tried_again_and_a_node_that_is_down_is_not(
    error: Exception, of_a_lane: RetryAction, of_a_node: RetryAction
) -> None:
    for policy, action in ((RETRY_POLICY, of_a_lane), (NODE_RETRY_POLICY, of_a_node)):
        assert policy.evaluate(error, 1, 3).action is action


def test_the_tasks_that_make_a_node_ready_have_the_policy_of_nodes() -> None:
    dag = load(DAG_FILE)

    with_it = {task.task_id for task in dag.tasks if task.retry_policy is NODE_RETRY_POLICY}

    assert {name.rpartition(".")[2] for name in with_it} == {"clean_artifacts", "deploy_worker"}


def load(path: Path) -> DAG:
    """Return the DAG of a file, named as its function."""
    spec = importlib.util.spec_from_file_location(f"the_file_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: DAG = getattr(module, path.stem)()
    return made
