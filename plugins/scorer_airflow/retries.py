"""Which errors are worth another attempt: the network and a busy GPU are, a wrong key never is."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from scorer_core.errors import FinalRigError, InputError, PublishError, RigDown, RunError, TransientRigError

RETRIES = 3

_MAY_COME_BACK = RetryRule(
    exception=TransientRigError,
    action=RetryAction.RETRY,
    retry_delay=timedelta(seconds=10),
    reason="the link or the rig may come back",
)
_FINAL = RetryRule(
    exception=[FinalRigError, InputError, RunError, PublishError],
    action=RetryAction.FAIL,
    reason="another attempt would end the same way",
)
_DOWN = RetryRule(
    exception=RigDown,
    action=RetryAction.FAIL,
    reason="nobody answers there, and the run's other GPUs wait until each node is ready or not",
)

RETRY_POLICY = ExceptionRetryPolicy(rules=[_MAY_COME_BACK, _FINAL])
NODE_RETRY_POLICY = ExceptionRetryPolicy(rules=[_DOWN, _MAY_COME_BACK, _FINAL])
"""Of the tasks that make a node ready."""
