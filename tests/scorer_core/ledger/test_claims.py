"""Claims: who is given which ticket, with which parameters, and what is recorded with the claim."""

from __future__ import annotations

from typing import Any

import pytest

from scorer_core.errors import Drained, ResultConflict, RigUnfit
from scorer_core.ledger.health import BREAKER_FAILURES
from scorer_core.ledger.ledger import Ledger
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from tests.support.tickets import (
    LEASE,
    PARAMS,
    RUN,
    A,
    B,
    C,
    Clock,
    D,
    claim,
    claimed,
    fail,
    open_run,
    recorded,
    result,
    spec,
)


def choose(number: int) -> dict[str, Any]:
    """Choose as an engine that needs no more than the number."""
    return {**PARAMS, "max_offset": 1 + number}


def states(ledger: Ledger) -> list[TicketState]:
    return [ticket.state for ticket in ledger.tickets(RUN)]


def test_tickets_are_claimed_in_order_and_none_twice(ledger: Ledger) -> None:
    open_run(ledger, spec(n_trials=3))

    tickets = [claim(ledger, lane) for lane in (A, B, C, D)]

    assert [ticket and (ticket.number, ticket.lane, ticket.attempts) for ticket in tickets] == [
        (0, A.label, 1),
        (1, B.label, 1),
        (2, C.label, 1),
        None,
    ]


def test_a_lane_that_comes_back_gets_its_own_ticket_with_the_same_parameters(ledger: Ledger) -> None:
    open_run(ledger, spec())
    claim(ledger, A)
    claim(ledger, B)
    ledger.assign(RUN, 1, PARAMS)

    again = claimed(ledger, B)

    assert (again.number, again.attempts, again.params) == (1, 2, PARAMS)


def test_an_expired_lease_is_taken_over_before_an_open_ticket_and_not_a_moment_early(
    ledger: Ledger, clock: Clock
) -> None:
    open_run(ledger, spec(n_trials=4))
    claim(ledger, A)
    clock.advance(60)
    on_time = claimed(ledger, B)
    clock.advance(0.001)
    too_late = claimed(ledger, C)

    assert on_time.number == 1
    assert (too_late.number, too_late.lane, too_late.attempts) == (0, C.label, 2)


def test_a_claim_writes_the_parameters_that_it_chooses(ledger: Ledger) -> None:
    open_run(ledger, spec())

    tickets = [ledger.claim(RUN, lane, LEASE, choose=choose) for lane in (A, B)]

    assert [ticket and ticket.params for ticket in tickets] == [choose(0), choose(1)]
    assert [ticket.params for ticket in ledger.tickets(RUN)] == [choose(0), choose(1), None]


def test_a_ticket_that_has_parameters_is_not_chosen_for_again(ledger: Ledger) -> None:
    open_run(ledger, spec())
    claim(ledger, A)
    ledger.assign(RUN, 0, PARAMS)

    def never(number: int) -> dict[str, Any]:
        raise AssertionError(f"ticket {number} has parameters")

    again = ledger.claim(RUN, A, LEASE, choose=never)

    assert again is not None
    assert (again.number, again.params) == (0, PARAMS)


def test_a_choice_that_fails_leases_nothing_and_records_nothing(ledger: Ledger) -> None:
    open_run(ledger, spec())
    claim(ledger, A)
    ledger.assign(RUN, 0, PARAMS)

    with pytest.raises(ZeroDivisionError):
        ledger.claim(RUN, A, LEASE, choose=lambda number: {"max_offset": number // 0}, after=result(0))

    assert states(ledger) == [TicketState.LEASED, TicketState.OPEN, TicketState.OPEN]


def test_a_lanes_result_is_recorded_with_its_next_claim(ledger: Ledger) -> None:
    open_run(ledger, spec(n_trials=2))
    claim(ledger, A)
    for number in range(2):
        ledger.assign(RUN, number, PARAMS)

    following = ledger.claim(RUN, A, LEASE, after=result(0))
    last = ledger.claim(RUN, A, LEASE, after=result(1))

    assert following is not None
    assert (following.number, last) == (1, None), "its own ticket is done, so the lane is given the next"
    assert [ticket.result for ticket in ledger.tickets(RUN)] == [result(0), result(1)]
    assert ledger.spent(RUN)


def test_after_a_result_that_contradicts_nothing_is_leased(ledger: Ledger) -> None:
    open_run(ledger, spec())
    recorded(ledger, result(0, objective=0.25))

    with pytest.raises(ResultConflict, match="trial 0 has two different results"):
        ledger.claim(RUN, A, LEASE, after=result(0, objective=0.26))

    assert states(ledger) == [TicketState.DONE, TicketState.OPEN, TicketState.OPEN]


def test_a_gpu_whose_trials_keep_failing_costs_the_others_of_its_rig_nothing(ledger: Ledger) -> None:
    open_run(ledger, spec(n_trials=10))
    working, failing = A, Slot(A.node, 1)
    ledger.expect_lanes(RUN, [working, failing, B])
    held = claimed(ledger, working)
    ledger.assign(RUN, held.number, PARAMS)
    failed = [claimed_and_failed(ledger, failing) for _ in range(BREAKER_FAILURES)]

    with pytest.raises(Drained, match="rig-a:1 is drained by check trials since .*: 6 trials in a row failed") as ended:
        ledger.claim(RUN, failing, LEASE)

    assert ended.value.by_check
    assert len(set(failed)) == BREAKER_FAILURES, "each is left to another GPU at once"
    following = ledger.claim(RUN, working, LEASE, after=result(held.number))
    assert following is not None
    assert following.number == failed[0]
    assert ledger.taken_out(RUN) == {failing.label: "6 trials in a row failed"}
    assert ledger.counts(RUN)[TicketState.DONE] == 1


def test_a_rig_whose_every_gpu_went_that_way_is_taken_out_and_its_last_result_is_kept(ledger: Ledger) -> None:
    open_run(ledger, spec(n_trials=30))
    one, other = A, Slot(A.node, 1)
    ledger.expect_lanes(RUN, [one, other, B])
    for _ in range(BREAKER_FAILURES):
        claimed_and_failed(ledger, one)
    held = claimed(ledger, other)
    ledger.assign(RUN, held.number, PARAMS)
    for number in range(20, 20 + BREAKER_FAILURES):
        fail(ledger, number, other)

    with pytest.raises(RigUnfit, match="taken out of this run: of each of its 2 GPUs 6 trials in a row failed"):
        ledger.claim(RUN, other, LEASE, after=result(held.number, gpu=1))

    assert ledger.counts(RUN)[TicketState.DONE] == 1
    assert list(ledger.taken_out(RUN)) == [A.node]


def claimed_and_failed(ledger: Ledger, slot: Slot) -> int:
    """Let a lane fail what it claims; return the number."""
    number = claimed(ledger, slot).number
    fail(ledger, number, slot)
    return number
