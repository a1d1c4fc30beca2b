"""trial_lane: one worker on one GPU over one connection, until the run's budget is spent."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tenacity import RetryCallState, Retrying, before_sleep_log, retry_if_exception_type, wait_random_exponential

from scorer_core.context import RunContext
from scorer_core.errors import Drained, RigUnreachable, TransientRigError
from scorer_core.fleet.deployed import REACHABLE, note_unreachable
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.ledger.checks import note
from scorer_core.ledger.keys import taken
from scorer_core.rig.health.check import Finding, State
from scorer_core.run.slot import Slot
from scorer_core.search.lane import Lane, LaneReport
from scorer_core.search.permuting import Permuting
from scorer_core.transport.session import WorkerSession

log = logging.getLogger(__name__)

_MAX_PAUSE_S = 15.0


def trial_lane(context: RunContext, slot: Slot, sleep: Callable[[float], None] = time.sleep) -> LaneReport:
    """Hold a slot until every ticket is done or failed, and no batch awaited; without either it costs no connection.

    A lost connection or worker is replaced, with backoff, for `reconnect_s` seconds since the last
    trial that this lane recorded. A lane whose GPU a person drained ends well, after its trial.

    Raises:
        Drained: a check drained the GPU or its node; the others go on.
        RigError: the rig is gone, or not fit; the ticket was given back and other lanes go on.
    """
    grace = timedelta(seconds=context.settings.lease_grace_s)
    lane = Lane(slot, context.ledger, context.record, grace, sleep)
    permuting = _permuting(context, slot, grace)
    patience = _Patience(lane, permuting, context.settings.reconnect_s)
    for attempt in Retrying(
        retry=retry_if_exception_type(TransientRigError),
        wait=wait_random_exponential(multiplier=1, max=_MAX_PAUSE_S),
        stop=patience.is_over,
        before_sleep=before_sleep_log(log, logging.WARNING),
        sleep=sleep,
        reraise=True,
    ):
        with attempt:
            if not context.ledger.spent(context.run_id, slot.node) or permuting.is_awaited():
                try:
                    _hold(context, slot, lane, permuting, sleep)
                except RigUnreachable as error:
                    note_unreachable(context.ledger.engine, error)
                    raise
                except Drained as drained:
                    if drained.by_check:
                        raise
                    log.info("%s", drained)
    return replace(lane.report(), batches=permuting.batches)


def _permuting(context: RunContext, slot: Slot, grace: timedelta) -> Permuting:
    run, within_trials = context.record, True
    if run.decision is not None and run.spec.permuted_by_lanes:
        (asked,) = taken(context.ledger.engine, run.decision)
        within_trials = StrataRule(asked.key.strata) is StrataRule.TRIAL
    return Permuting(slot, context.ledger, run, grace, within_trials=within_trials)


class _Heard:
    """Keeps what a worker says of its GPU; drains follow from it, and the next claim sees them.

    What is as it was is written down seldom, whatever a rig sends.
    """

    def __init__(self, context: RunContext, node: str) -> None:
        self._engine, self._node = context.ledger.engine, node
        self._pause_s = context.settings.health_s / 2
        self._states: dict[str, State] = {}
        self._noted = -math.inf

    def __call__(self, findings: list[Finding]) -> None:
        if not self._states:
            findings = [*findings, Finding(REACHABLE, None, State.OK)]
        states = {found.check: found.state for found in findings}
        if states != self._states or time.monotonic() - self._noted >= self._pause_s:
            note(self._engine, self._node, findings)
            self._states, self._noted = states, time.monotonic()


class _Patience:
    """How long a lane goes on connecting; every answer renews it."""

    def __init__(self, lane: Lane, permuting: Permuting, seconds: float) -> None:
        self._lane, self._permuting = lane, permuting
        self._seconds = seconds
        self._answers = 0
        self._since = time.monotonic()

    def is_over(self, _state: RetryCallState) -> bool:
        answers = self._lane.trials + self._lane.opinions + self._permuting.ended
        if answers > self._answers:
            self._answers, self._since = answers, time.monotonic()
        return time.monotonic() - self._since >= self._seconds


def _hold(context: RunContext, slot: Slot, lane: Lane, permuting: Permuting, sleep: Callable[[float], None]) -> None:
    run = context.record
    with context.connect(slot.node) as transport:
        stagger = transport.node.start_stagger_s
        sleep(stagger * slot.gpu + random.uniform(0.0, stagger))  # noqa: S311 - spreads starts, no secret
        session = WorkerSession.start(
            transport,
            slot,
            run_id=run.run_id,
            worker_sha256=run.worker_sha256,
            pool_sha256=run.pool_sha256,
            silence_s=context.settings.silence_s,
            cache_mb=context.settings.rig_cache_mb,
            health_s=context.settings.health_s,
            on_health=_Heard(context, slot.node),
            mask_policy=run.spec.mask_policy,
        )
        try:
            if context.settings.health_s:
                session.first_look()
            lane.work(session, permuting)
        finally:
            session.close()
