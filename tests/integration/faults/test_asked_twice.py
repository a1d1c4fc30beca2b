"""Given a sweep that is asked twice, and workers and lanes that die while they check another rig's shards."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from scorer_core.ledger.opinions import second_answers
from scorer_core.ledger.tables import OpinionRow
from scorer_core.run.trials import FailureKind
from scorer_core.steps.collect import collect
from tests.integration.faults.liars.runs import SWEEP
from tests.integration.faults.runs import (
    RUN,
    Rigs,
    Run,
    assert_left_clean,
    deployed_run,
    lanes_in_a_process,
    rigs_up,
    until,
    workers_at,
)
from tests.integration.faults.slow_worker import set_seconds, slow_workers

FIRST, SECOND = "rig-sim", "rig-ssh"
ENDLESS = 50.0


@pytest.fixture
def rigs(tmp_path: Path) -> Iterator[Rigs]:
    """A simulated node, which answers first, and an OpenSSH server."""
    with rigs_up(tmp_path, FIRST, openssh=[SECOND]) as rigs:
        yield rigs


def answered_once(rigs: Rigs) -> Run:
    """Return a run of which one rig answered every shard; the other one takes long for each."""
    run = deployed_run(rigs, workers=slow_workers(), settings={"verify": "all", "silence_s": 20.0}, **SWEEP)
    run.lanes(FIRST).join()
    set_seconds(rigs.root(SECOND), ENDLESS)
    return run


def until_it_checks(run: Run) -> None:
    """Wait until the second rig computes what the first one answered."""
    held = select(OpinionRow.lane).where(OpinionRow.run_id == RUN, OpinionRow.lane.is_not(None))

    def checks() -> bool:
        with run.context.ledger.engine.connect() as connection:
            return connection.scalar(held) is not None and bool(workers_at(run.rigs.root(SECOND)))

    until(checks, "nobody gives a second opinion")


def assert_answered_twice(run: Run) -> None:
    found = collect(run.context, run.inventory)
    assert (found.executed, found.agreed, found.distrusted) == (found.budget, found.budget, {})
    seconds = second_answers(run.context.ledger.engine, RUN).values()
    assert {one and one.node for one in seconds} == {SECOND}
    assert_left_clean(run)


@pytest.mark.fault("worker killed -9 while it checks another rig's shard", servers="both")
def test_a_worker_killed_in_a_second_opinion_is_replaced(rigs: Rigs, outcome: Callable[[str], None]) -> None:
    run = answered_once(rigs)
    lanes = run.lanes(SECOND)
    until_it_checks(run)
    set_seconds(rigs.root(SECOND), 0.0)

    for worker in workers_at(rigs.root(SECOND)):
        worker.send_signal(signal.SIGKILL)
    lanes.join()

    assert not lanes.errors
    assert [failure.outcome for failure in run.failures()] == [FailureKind.LOST]
    assert_answered_twice(run)
    outcome("the lane starts another worker and gives that opinion again; the first answer stands meanwhile")


@pytest.mark.fault("process that holds the lanes killed -9 while one checks another rig's shard", servers="both")
def test_a_lane_killed_in_a_second_opinion_goes_on_when_it_is_started_again(
    rigs: Rigs, outcome: Callable[[str], None]
) -> None:
    run = answered_once(rigs)
    with lanes_in_a_process(run) as head:
        until_it_checks(run)
        head.send_signal(signal.SIGKILL)
        head.wait()
        until(lambda: not workers_at(rigs.root(SECOND)), "a worker is left")
    set_seconds(rigs.root(SECOND), 0.0)

    again = run.lanes()
    again.join()

    assert not again.errors
    assert_answered_twice(run)
    outcome("the lane, started again, gives the opinion that it had leased, and the others")
