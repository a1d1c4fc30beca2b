"""Which errors are worth another attempt: the network and a busy GPU are, a wrong key never is."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from scorer_core.errors import FinalRigError, InputError, PublishError, RunError, TransientRigError

RETRIES = 3

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=TransientRigError,
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=10),
            reason="the link or the rig may come back",
        ),
        RetryRule(
            exception=[FinalRigError, InputError, RunError, PublishError],
            action=RetryAction.FAIL,
            reason="another attempt would end the same way",
        ),
    ]
)
