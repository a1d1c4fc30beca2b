"""Which errors are worth another attempt: the network and a busy GPU are, a wrong key never is."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Context, ExceptionRetryPolicy, RetryAction, RetryDecision, RetryRule

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


class GivesUp(ExceptionRetryPolicy):
    """Says in the log of the last try that there will be no other; without it Airflow logs `retry` there, too."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Return what becomes of a task that failed; `max_tries` are its retries."""
        decision = super().evaluate(exception, try_number, max_tries, context)
        if decision.action is RetryAction.FAIL or try_number <= max_tries or not max_tries:
            return decision
        return RetryDecision(reason=f"it gives up: this was the last of {max_tries + 1} tries")


RETRY_POLICY = GivesUp(rules=[_MAY_COME_BACK, _FINAL])
NODE_RETRY_POLICY = GivesUp(rules=[_DOWN, _MAY_COME_BACK, _FINAL])
"""Of the tasks that make a node ready."""
