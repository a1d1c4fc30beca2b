"""Given a rig whose answers were found false: it is out, its tickets are open again, and the others' stand."""

from __future__ import annotations

import pytest

from scorer_core.errors import RigUnfit
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.trust import distrust, distrusted
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind, TicketState
from tests.support.tickets import RUN, best_objective, claimed, open_run, recorded, result, spec

LIAR, HONEST = Slot("rig-a", 0), Slot("rig-b", 0)


@pytest.fixture
def run(ledger: Ledger) -> Ledger:
    """A run of four tickets: two answered by the liar, one by another rig, one by nobody."""
    open_run(ledger, spec(4))
    for number, slot in ((0, LIAR), (1, HONEST), (2, LIAR)):
        assert claimed(ledger, slot).number == number
        recorded(ledger, result(number, node=slot.node))
    return ledger


def test_its_tickets_are_open_again_with_what_they_are_to_run(run: Ledger) -> None:
    assert distrust(run.engine, RUN, LIAR.node, "trial 0: it says 2") == [0, 2]

    tickets = run.tickets(RUN)
    assert [ticket.state for ticket in tickets] == [
        TicketState.OPEN,
        TicketState.DONE,
        TicketState.OPEN,
        TicketState.OPEN,
    ]
    assert tickets[0].params == result(0).request["params"]
    assert (tickets[0].result, tickets[0].objective, tickets[0].error) == (None, None, "trial 0: it says 2")
    assert best_objective(run, RUN) == tickets[1].objective


def test_it_gets_no_ticket_any_more_and_is_named(run: Ledger) -> None:
    distrust(run.engine, RUN, LIAR.node, "the first lie")
    distrust(run.engine, RUN, LIAR.node, "another")

    assert distrusted(run.engine, RUN) == {LIAR.node: "the first lie"}
    assert run.taken_out(RUN) == {LIAR.node: "its answers are not believed: the first lie"}
    with pytest.raises(RigUnfit, match="its answers are not believed"):
        claimed(run, LIAR)
    assert claimed(run, HONEST).number == 0


def test_a_rig_that_never_claimed_can_be_named_too(run: Ledger) -> None:
    assert distrust(run.engine, RUN, "rig-c", "a journal") == []

    assert distrusted(run.engine, RUN) == {"rig-c": "a journal"}


def test_what_an_earlier_holder_of_the_lane_says_changes_nothing(run: Ledger) -> None:
    """The lane's process was replaced, under the same name, while the old one still thought that it held the lease."""
    first = claimed(run, HONEST)
    second = claimed(run, HONEST)
    assert (second.number, second.attempts) == (first.number, first.attempts + 1)

    late = (RUN, first.number, HONEST, FailureKind.LOST, "gone")
    assert run.fail_attempt(*late, attempt=first.attempts) is TicketState.LEASED
    assert run.fail_attempt(*late, attempt=second.attempts) is TicketState.OPEN
