"""Given a run that asks for batches of permutations: rigs count each once, beside the budget, whatever happens."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scorer_core.errors import Drained, RigUnfit
from scorer_core.ledger import permutations
from scorer_core.ledger.drains import drain
from scorer_core.ledger.health import BREAKER_FAILURES
from scorer_core.ledger.keys import Asked, DecisionKey
from scorer_core.ledger.leasing import MAX_ATTEMPTS
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.permutations import Batch
from scorer_core.ledger.stops import stop
from scorer_core.ledger.tables import LaneRow
from scorer_core.ledger.trust import distrust
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind, TicketState
from tests.support.tickets import (
    CONTENT,
    LEASE,
    POOL,
    RUN,
    WORKER,
    A,
    B,
    C,
    Clock,
    claim,
    claimed,
    open_run,
    recorded,
    result,
    spec,
)

ASKED = Asked(DecisionKey(CONTENT, "max_offset", "the space", "trial"), 0.01)
EVERY = 3


@pytest.fixture
def run(ledger: Ledger) -> Ledger:
    """A run of two tickets and three batches."""
    open_run(ledger, spec(2), asked=ASKED, batches=EVERY)
    return ledger


def batch(ledger: Ledger, slot: Slot, clock: Clock) -> Batch | None:
    return permutations.claim(ledger.engine, RUN, slot, LEASE, clock)


def leased(ledger: Ledger, slot: Slot, clock: Clock) -> Batch:
    found = batch(ledger, slot, clock)
    assert found is not None
    return found


def counted(number: int, node: str = A.node, best: float = 7.5) -> TrialResult:
    request: dict[str, Any] = {"trial_number": number, "first": 20 * number, "count": 1}
    moment = "2024-05-06T07:08:01+00:00"
    return TrialResult(number, request, {"best": [best]}, node, 0, WORKER, POOL, moment, moment, 2.0)


def failures_in_row(ledger: Ledger) -> int:
    with ledger.engine.connect() as connection:
        return connection.scalars(select(LaneRow.failures_in_row).where(LaneRow.node == A.node)).one()


def test_batches_are_leased_by_number_and_are_no_tickets(run: Ledger, clock: Clock) -> None:
    found = [leased(run, slot, clock) for slot in (A, B, C)]

    assert found == [Batch(0, 1), Batch(1, 1), Batch(2, 1)]
    assert batch(run, Slot("rig-d", 0), clock) is None
    assert permutations.awaited(run.engine, RUN), "a lease may expire"
    assert [one.number for one in run.tickets(RUN)] == [0, 1]
    for one in found:
        assert permutations.settle(run.engine, RUN, counted(one.number))

    assert not permutations.awaited(run.engine, RUN)
    assert permutations.counted(run.engine, RUN) == [counted(number) for number in range(EVERY)]
    assert run.counts(RUN)[TicketState.OPEN] == 2
    assert not run.spent(RUN, A.node)


def test_a_run_is_spent_for_its_budget_while_batches_are_awaited(run: Ledger) -> None:
    for number in range(2):
        claimed(run, A)
        recorded(run, result(number))

    assert claim(run, A) is None
    assert run.spent(RUN)
    assert run.spent(RUN, A.node)
    assert permutations.awaited(run.engine, RUN)


def test_a_run_that_asks_for_no_decision_or_no_batches_has_none(ledger: Ledger, clock: Clock) -> None:
    open_run(ledger, spec(1), batches=EVERY)
    open_run(ledger, spec(1), "other", asked=ASKED)

    for name in (RUN, "other"):
        assert permutations.claim(ledger.engine, name, A, LEASE, clock) is None
        assert not permutations.awaited(ledger.engine, name)
        assert permutations.counted(ledger.engine, name) is None


def test_a_lane_gets_its_own_again_and_others_when_its_lease_expires(run: Ledger, clock: Clock) -> None:
    assert leased(run, A, clock) == Batch(0, 1)
    assert leased(run, B, clock) == Batch(1, 1)
    assert leased(run, A, clock) == Batch(0, 2)
    clock.advance(LEASE.total_seconds() + 1)

    assert [leased(run, slot, clock) for slot in (C, Slot("rig-d", 0))] == [Batch(0, 3), Batch(1, 2)]


def test_the_first_answer_stands_and_a_late_failure_takes_nothing_from_others(run: Ledger, clock: Clock) -> None:
    late = leased(run, A, clock)
    clock.advance(LEASE.total_seconds() + 1)
    leased(run, B, clock)

    permutations.fail(run.engine, RUN, late, A, FailureKind.LOST, "gone", clock)
    assert leased(run, C, clock).number == 1, "it is B's now"
    assert permutations.settle(run.engine, RUN, counted(0, B.node))
    assert not permutations.settle(run.engine, RUN, counted(0, A.node, best=1.0))

    assert permutations.counted(run.engine, RUN) == [counted(0, B.node)]


def test_what_a_lane_leased_again_after_a_restart_its_earlier_self_gives_not_away(run: Ledger, clock: Clock) -> None:
    before = leased(run, A, clock)
    leased(run, A, clock)

    permutations.fail(run.engine, RUN, before, A, FailureKind.LOST, "gone", clock)

    assert leased(run, B, clock).number != before.number


def test_a_batch_that_fails_everywhere_is_not_awaited_and_fails_no_ticket(run: Ledger, clock: Clock) -> None:
    for attempt in range(MAX_ATTEMPTS * EVERY):
        slot = Slot(f"rig-{attempt}", 0)
        permutations.fail(run.engine, RUN, leased(run, slot, clock), slot, FailureKind.FAILED, "out of memory", clock)

    assert batch(run, A, clock) is None
    assert not permutations.awaited(run.engine, RUN)
    assert permutations.counted(run.engine, RUN) == []
    assert run.failures(RUN) == []
    assert {(one.state, one.attempts) for one in run.tickets(RUN)} == {(TicketState.OPEN, 0)}


def test_failures_that_speak_against_a_gpu_count_and_a_counted_batch_ends_their_row(run: Ledger, clock: Clock) -> None:
    claimed(run, A)  # its lane is at work
    for outcome in (FailureKind.FAILED, FailureKind.LOST, FailureKind.TIMED_OUT):
        permutations.fail(run.engine, RUN, leased(run, A, clock), A, outcome, "no", clock)
    assert failures_in_row(run) == 2

    permutations.settle(run.engine, RUN, counted(leased(run, A, clock).number))
    assert failures_in_row(run) == 0

    for _ in range(BREAKER_FAILURES):
        permutations.fail(run.engine, RUN, leased(run, A, clock), A, FailureKind.FAILED, "no", clock)
    with pytest.raises(RigUnfit, match="6 trials in a row failed, the last with: no"):
        claim(run, A)


def test_of_a_run_that_was_stopped_none_is_leased_or_awaited(run: Ledger, clock: Clock) -> None:
    stop(run.engine, RUN, "ann@head")

    assert batch(run, A, clock) is None
    assert not permutations.awaited(run.engine, RUN)
    assert run.spent(RUN, A.node)


def test_what_a_drained_lane_held_goes_to_others_at_once(run: Ledger, clock: Clock) -> None:
    held = leased(run, B, clock)
    drain(run.engine, B.node, None, "loud fan", "ann@head")

    with pytest.raises(Drained):
        claim(run, B)

    assert leased(run, C, clock) == Batch(held.number, held.attempts + 1)


def test_what_a_liar_counted_is_forgotten(run: Ledger, clock: Clock) -> None:
    for slot in (A, B, C):
        permutations.settle(run.engine, RUN, counted(leased(run, slot, clock).number, slot.node))

    distrust(run.engine, RUN, B.node, "it lies", clock)
    assert permutations.counted(run.engine, RUN) == [counted(0, A.node), counted(2, C.node)]
    permutations.refuse(run.engine, RUN, C.node)

    assert permutations.counted(run.engine, RUN) == [counted(0, A.node)]


def test_lanes_that_work_at_once_count_each_batch_once(ledger: Ledger) -> None:
    every = 24
    open_run(ledger, spec(1), asked=ASKED, batches=every)
    done: list[int] = []

    def work(slot: Slot) -> None:
        while permutations.awaited(ledger.engine, RUN):
            found = permutations.claim(ledger.engine, RUN, slot, timedelta(seconds=60))
            if found is not None:
                done.append(found.number)
                permutations.settle(ledger.engine, RUN, counted(found.number, slot.node))

    threads = [threading.Thread(target=work, args=(Slot(f"rig-{node}", gpu),)) for node in range(3) for gpu in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(done) == list(range(every))
