"""Given a run that is asked twice: a second rig answers what another one answered first, once, whatever happens."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from scorer_core.errors import Drained, ResultConflict
from scorer_core.ledger.drains import drain
from scorer_core.ledger.leasing import MAX_ATTEMPTS
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.opinions import second_answers
from scorer_core.ledger.trust import distrust
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind, TicketState
from tests.support.tickets import LEASE, PARAMS, RUN, A, B, C, Clock, claim, claimed, open_run, recorded, result, spec


@pytest.fixture
def run(ledger: Ledger) -> Ledger:
    """A run of two tickets, asked twice: rig-a answered both."""
    open_run(ledger, spec(2), twice=True)
    for number in range(2):
        claimed(ledger, A)
        recorded(ledger, result(number))
    return ledger


def seconds(ledger: Ledger) -> list[TrialResult | None]:
    return list(second_answers(ledger.engine, RUN).values())


def test_another_rig_is_asked_for_what_was_answered_and_the_same_rig_is_not(run: Ledger) -> None:
    assert claim(run, A) is None
    assert claim(run, Slot(A.node, 1)) is None

    opinions = [claimed(run, B), claimed(run, C)]

    assert [(one.number, one.checks, one.params, one.attempts) for one in opinions] == [
        (0, A.node, PARAMS, 1),
        (1, A.node, PARAMS, 1),
    ]
    assert claim(run, Slot("rig-d", 0)) is None


def test_an_opinion_that_a_drained_lane_held_before_it_was_started_again_goes_to_others_at_once(run: Ledger) -> None:
    held = claimed(run, B)
    drain(run.engine, B.node, None, "loud fan", "ann@head")

    with pytest.raises(Drained):
        claim(run, B)

    assert claimed(run, C).number == held.number


def test_a_run_is_spent_for_a_rig_that_can_give_no_opinion_and_for_others_when_all_are_given(run: Ledger) -> None:
    assert (run.spent(RUN), run.spent(RUN, A.node), run.spent(RUN, B.node)) == (True, True, False)

    for number in range(2):
        claimed(run, B)
        assert not run.spent(RUN, C.node), "the lease may expire"
        run.record(RUN, result(number, node=B.node))

    assert run.spent(RUN, B.node)
    assert run.spent(RUN, C.node)
    assert seconds(run) == [result(number, node=B.node) for number in range(2)]


def test_tickets_come_first_and_a_run_that_is_asked_once_has_no_opinions(ledger: Ledger) -> None:
    open_run(ledger, spec(2), twice=True)
    open_run(ledger, spec(1), "once")
    for number, name in ((0, RUN), (0, "once")):
        claimed(ledger, A, name)
        recorded(ledger, result(number), name)

    assert (claimed(ledger, B).number, claimed(ledger, B).checks) == (1, None)
    assert claim(ledger, B, "once") is None
    assert ledger.spent("once", B.node)
    assert second_answers(ledger.engine, "once") == {}


def test_an_opinion_of_a_lane_that_died_is_taken_over_when_its_lease_expires(run: Ledger, clock: Clock) -> None:
    first = claimed(run, B)
    assert claimed(run, C).number == 1
    assert claimed(run, B).number == first.number, "a lane that comes back gets its own again"
    clock.advance(LEASE.total_seconds() + 1)

    taken = [claimed(run, Slot("rig-d", gpu)) for gpu in range(2)]

    assert [(one.number, one.attempts) for one in taken] == [(0, 3), (1, 2)]


def test_an_opinion_that_failed_is_given_back_and_the_answer_stands(run: Ledger) -> None:
    opinion = claimed(run, B)

    state = run.fail_attempt(RUN, 0, B, FailureKind.LOST, "gone", attempt=opinion.attempts)

    assert state is TicketState.DONE
    assert run.tickets(RUN)[0].result == result(0)
    again = claimed(run, C)
    assert (again.number, again.attempts) == (0, 2)


def test_an_opinion_that_rigs_fail_to_give_is_not_waited_for(run: Ledger) -> None:
    for try_ in range(2 * MAX_ATTEMPTS):
        slot = Slot(f"rig-{try_}", 0)
        opinion = claimed(run, slot)
        run.fail_attempt(RUN, opinion.number, slot, FailureKind.LOST, "gone", attempt=opinion.attempts)

    assert claim(run, B) is None
    assert run.spent(RUN, B.node)


def test_another_answer_is_kept_beside_the_first_and_a_third_one_is_refused(run: Ledger) -> None:
    other = result(0, objective=0.5, node=B.node)
    run.record(RUN, other)
    run.record(RUN, replace(result(0), node=C.node))

    assert (run.tickets(RUN)[0].result, seconds(run)[0]) == (result(0), other)
    assert run.counts(RUN)[TicketState.DONE] == 2
    with pytest.raises(ResultConflict, match="two different results"):
        run.record(RUN, result(0, objective=0.75, node=C.node))
    with pytest.raises(ResultConflict, match="two different results"):
        run.record(RUN, result(1, objective=0.75, node=A.node))
    with pytest.raises(ResultConflict, match="two different results"):
        run.record(RUN, result(1, {**PARAMS, "max_offset": 1}, node=B.node))


def test_what_a_liar_said_of_others_and_others_of_it_is_forgotten(run: Ledger) -> None:
    open_run(run, spec(1), "other", twice=True)
    for number in range(2):
        run.record(RUN, result(number, node=B.node))

    distrust(run.engine, RUN, B.node, "it lies")
    assert seconds(run) == [None, None]
    assert [ticket.state for ticket in run.tickets(RUN)] == [TicketState.DONE] * 2

    run.record(RUN, result(0, node=C.node))
    distrust(run.engine, RUN, A.node, "it lies, too")
    assert seconds(run) == [None, None]
    assert [ticket.state for ticket in run.tickets(RUN)] == [TicketState.OPEN] * 2


def test_lanes_that_work_at_once_answer_every_ticket_on_two_rigs(ledger: Ledger) -> None:
    budget = 24
    open_run(ledger, spec(budget), twice=True)
    lanes = [Slot(f"rig-{node}", gpu) for node in range(3) for gpu in range(2)]
    ledger.expect_lanes(RUN, lanes)

    def work(slot: Slot) -> None:
        while not ledger.spent(RUN, slot.node):
            ticket = claim(ledger, slot)
            if ticket is not None:
                recorded(ledger, result(ticket.number, node=slot.node))

    threads = [threading.Thread(target=work, args=(slot,)) for slot in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    pairs = [(ticket.result, second) for ticket, second in zip(ledger.tickets(RUN), seconds(ledger), strict=True)]
    assert all(first and second and first.node != second.node for first, second in pairs)
    attempts = [ticket.attempts for ticket in ledger.tickets(RUN)]
    assert attempts == [1] * budget
