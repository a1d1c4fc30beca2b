"""The ledger's tickets as trials: what was asked and answered, and how often it went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scorer_core.errors import RunError
from scorer_core.ledger.records import Ticket
from scorer_core.run.trials import Failure, Trial
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.trial import Evaluation


def trial_of(ticket: Ticket, failures: Iterable[Failure] = (), journalled_on: Iterable[str] = ()) -> Trial:
    """Return a ticket with its failed attempts and the nodes whose journals hold its result.

    The parameters are the ticket's own: a rig is believed about its evaluation alone.

    Raises:
        RunError: the result holds no evaluation.
    """
    trial = Trial(
        number=ticket.number,
        state=ticket.state,
        params=ticket.params or {},
        attempts=ticket.attempts,
        failures=tuple(failures),
        journalled_on=tuple(journalled_on),
        error=ticket.error,
    )
    result = ticket.result
    if result is None:
        return trial
    try:
        evaluation = Evaluation.from_json(result.evaluation)
    except ValueError as error:
        raise RunError(f"trial {ticket.number}: the answer of {result.node} is no evaluation: {error}") from None
    return replace(
        trial,
        evaluation=evaluation,
        sample_size=result.request["sample_size"],
        mask_policy=MaskPolicy(result.request["mask_policy"]),
        node=result.node,
        gpu=result.gpu,
        worker_sha256=result.worker_sha256,
        pool_sha256=result.pool_sha256,
        started_at=result.started_at,
        finished_at=result.finished_at,
        seconds=result.seconds,
    )
