"""Slow rigs of a run: named where the run is told of, and drained where the installation wants that."""

from __future__ import annotations

import logging
from collections.abc import Collection

from sqlalchemy import Engine, exists, select

from scorer_core.fleet.speed import Speed, speeds_of
from scorer_core.ledger import drains
from scorer_core.ledger.checks import note_in
from scorer_core.ledger.lanes import recently_spent
from scorer_core.ledger.records import RunRecord
from scorer_core.ledger.tables import DrainRow
from scorer_core.rig.health.check import Finding, State
from scorer_core.run.clock import Clock, utc_now

log = logging.getLogger(__name__)

SPEED = "speed"
"""The check that a node's trials take no longer than the other nodes'."""


def tell_slow(
    writer: Engine, run: RunRecord, nodes: Collection[str], *, drain: bool, clock: Clock = utc_now
) -> dict[str, str]:
    """Return which of some nodes were slow in a run, and how slow; keep that of each, and drain these if told to.

    A person lifts such a drain. Who lifted one that was made since the run began knows better: it is not made again.
    """
    with writer.connect() as connection:
        found = [one for one in speeds_of(recently_spent(connection, run.run_id)) if one.node in nodes]
    slow = {one.node: one.words for one in found if one.slow}
    for one in found:
        _keep(writer, run, one, drain=drain, clock=clock)
    for words in slow.values():
        log.warning("slow rig: %s%s", words, "" if drain else "; SCORER_SLOW_RIG=drain would drain it")
    return slow


def _keep(writer: Engine, run: RunRecord, one: Speed, *, drain: bool, clock: Clock) -> None:
    now = clock()
    state, reason = (State.FAILED, one.words) if one.slow else (State.OK, "")
    lately = exists().where(DrainRow.node == one.node, DrainRow.check == SPEED, DrainRow.since >= run.created_at)
    with writer.begin() as connection:
        note_in(connection, one.node, [Finding(SPEED, None, state, reason, {"ratio": one.ratio})], now)
        if one.slow and drain and not connection.scalar(select(lately)):
            drains.make(connection, one.node, None, one.words, f"check {SPEED}", check=SPEED, now=now)
