"""Rigs in a run: a trial that a rig keeps failing goes to another, a rig that keeps failing goes out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scorer_core.ledger.drains import drain
from scorer_core.ledger.health import ALIVE, BREAKER_FAILURES, MAX_LOST
from scorer_core.ledger.ledger import Ledger
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind, TicketState
from tests.support.tickets import RUN, A, B, Clock, claim, claimed, fail, open_run, result, spec


@pytest.fixture
def run(some_ledger: Ledger) -> Ledger:
    open_run(some_ledger, spec(20))
    return some_ledger


def fail_next(ledger: Ledger, times: int, outcome: FailureKind = FailureKind.FAILED) -> list[int]:
    """Let rig A fail what it claims, so many times; return the numbers."""
    numbers = []
    for _ in range(times):
        ticket = claimed(ledger, A)
        numbers.append(ticket.number)
        ledger.fail_attempt(RUN, ticket.number, A, outcome, "out of memory", attempt=ticket.attempts)
    return numbers


def test_a_trial_that_failed_on_a_gpu_is_left_to_one_that_failed_it_less_often(run: Ledger) -> None:
    run.expect_lanes(RUN, [A, B])

    assert fail_next(run, 2) == [0, 1]
    assert claimed(run, B).number == 0
    fail(run, 0, B)
    assert claimed(run, A).number == 0, "both have failed it once"


def test_a_trial_that_failed_twice_on_a_rig_is_left_to_other_rigs(run: Ledger) -> None:
    others_of_a = [Slot(A.node, gpu) for gpu in (1, 2)]
    run.expect_lanes(RUN, [A, *others_of_a, B])
    for lane in (A, others_of_a[0]):
        assert claimed(run, lane).number == 0
        fail(run, 0, lane)

    assert claimed(run, others_of_a[1]).number == 1
    assert claimed(run, B).number == 0


def test_a_lane_in_a_long_trial_is_at_work_although_it_claims_nothing(run: Ledger, clock: Clock) -> None:
    run.expect_lanes(RUN, [A])
    assert run.claim(RUN, B, timedelta(hours=1)) is not None
    clock.advance(ALIVE.total_seconds() + 1)

    assert fail_next(run, 2) == [1, 2]


def test_a_drained_gpu_is_not_waited_for(run: Ledger) -> None:
    run.expect_lanes(RUN, [A, B])
    drain(run.engine, B.node, B.gpu, "its fan is loud", "ann")

    assert fail_next(run, 2) == [0, 0]


def test_a_rig_that_is_expected_counts_before_it_claims_and_not_for_ever(run: Ledger, clock: Clock) -> None:
    run.expect_lanes(RUN, [B])
    assert fail_next(run, 1) == [0]

    assert claimed(run, A).number == 1
    clock.advance(ALIVE.total_seconds() + 1)
    fail(run, 1, A)

    assert claimed(run, A).number == 0, "the other rig never came"


def test_a_rig_alone_tries_a_trial_three_times(run: Ledger) -> None:
    assert fail_next(run, 3) == [0, 0, 0]
    assert run.tickets(RUN)[0].state is TicketState.FAILED


def test_a_link_that_drops_speaks_neither_against_trial_nor_rig(run: Ledger) -> None:
    assert fail_next(run, MAX_LOST - 1, FailureKind.LOST) == [0] * (MAX_LOST - 1)

    assert run.tickets(RUN)[0].state is TicketState.OPEN
    assert run.taken_out(RUN) == {}


def test_a_trial_that_loses_every_worker_is_given_up_in_the_end(run: Ledger) -> None:
    fail_next(run, MAX_LOST, FailureKind.LOST)

    assert run.tickets(RUN)[0].state is TicketState.FAILED


def test_a_rig_whose_trials_keep_failing_is_taken_out_with_the_reason(run: Ledger) -> None:
    run.expect_lanes(RUN, [A, B])

    fail_next(run, BREAKER_FAILURES)

    assert list(run.taken_out(RUN)) == ["rig-a"], "it has one GPU"
    assert "the last with: out of memory" in run.taken_out(RUN)["rig-a"]


def test_a_recorded_trial_breaks_the_row_of_failures(run: Ledger) -> None:
    run.expect_lanes(RUN, [A, B])
    fail_next(run, BREAKER_FAILURES - 1)
    number = claimed(run, A).number
    params = run.assign(RUN, number, result(number).request["params"])
    run.record(RUN, result(number, params))

    fail_next(run, 1)

    assert run.taken_out(RUN) == {}


def test_every_failure_is_kept_in_order(run: Ledger) -> None:
    fail_next(run, 2)
    assert claim(run, B) is not None

    assert [(one.number, one.lane, one.outcome) for one in run.failures(RUN)] == [(0, A.label, FailureKind.FAILED)] * 2
