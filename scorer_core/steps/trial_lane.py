"""trial_lane: one worker on one GPU over one connection, until the run's budget is spent."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta

from scorer_core.search.lane import Lane, LaneReport
from scorer_core.steps.context import RunContext
from scorer_core.transport.session import WorkerSession
from scorer_core.transport.slot import Slot


def trial_lane(context: RunContext, slot: Slot, sleep: Callable[[float], None] = time.sleep) -> LaneReport:
    """Hold a slot until every ticket is done or failed; a run that is already spent costs no connection.

    Raises:
        RigError: the rig is gone; the ticket was given back and other lanes go on.
    """
    run = context.run
    if context.ledger.spent(run.run_id):
        return LaneReport(slot.label, 0, 0, 0.0, 0.0)
    with context.connect(slot.node) as transport:
        stagger = transport.node.start_stagger_s
        sleep(stagger * slot.gpu + random.uniform(0.0, stagger))  # noqa: S311 - spreads starts, no secret
        session = WorkerSession.start(
            transport,
            slot,
            run_id=run.run_id,
            worker_sha256=run.worker_sha256,
            pool_sha256=run.pool_sha256,
        )
        try:
            lane = Lane(slot.label, context.ledger, run, timedelta(seconds=context.settings.lease_grace_s))
            return lane.work(session)
        finally:
            session.close()
