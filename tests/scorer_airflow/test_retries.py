"""Which errors of a node, and of a lane, are worth another attempt: one rig down keeps no good GPU waiting."""

from __future__ import annotations

import pytest
from airflow.sdk import RetryAction

from scorer_airflow.retries import NODE_RETRY_POLICY, RETRIES, RETRY_POLICY
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
from tests.scorer_airflow.dag_files import OPTIMIZER, load

RETRY, FAIL, DEFAULT = RetryAction.RETRY, RetryAction.FAIL, RetryAction.DEFAULT


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


def test_the_last_try_says_that_it_gives_up() -> None:
    tries = [RETRY_POLICY.evaluate(RigLost("rig-a", "cut"), number, RETRIES) for number in range(1, RETRIES + 2)]

    assert [one.action for one in tries] == [RETRY] * RETRIES + [DEFAULT]
    assert tries[-1].reason == "it gives up: this was the last of 4 tries"


def test_a_task_that_is_never_tried_again_says_nothing_of_tries() -> None:
    assert RETRY_POLICY.evaluate(SystemExit(4), 1, 0).reason is None
    assert RETRY_POLICY.evaluate(RigUnfit("rig-a", "no numpy"), 4, 3).action is FAIL


def test_the_tasks_that_make_a_node_ready_have_the_policy_of_nodes() -> None:
    dag = load(OPTIMIZER)

    with_it = {task.task_id for task in dag.tasks if task.retry_policy is NODE_RETRY_POLICY}

    assert {name.rpartition(".")[2] for name in with_it} == {"clean_artifacts", "deploy_worker"}
