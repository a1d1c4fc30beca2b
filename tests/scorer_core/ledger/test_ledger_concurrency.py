"""Many processes claim from one ledger at once."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest

from scorer_core.ledger.ledger import Ledger
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from tests.support.tickets import LEASE, PARAMS, RUN, claim, open_run, recorded, result, spec

pytestmark = pytest.mark.slow

PROCESSES, TICKETS = 8, 200
FORK = multiprocessing.get_context("fork")  # as Airflow does; the parent's connections must not be used


def choose(number: int) -> dict[str, Any]:
    return {**PARAMS, "max_offset": 1 + number % 15}


def step_by_step(ledger: Ledger, lane: Slot) -> Iterator[int]:
    """Claim, assign and record in a transaction each, until nothing is left."""
    while (ticket := claim(ledger, lane)) is not None:
        params = ledger.assign(RUN, ticket.number, choose(ticket.number))
        recorded(ledger, result(ticket.number, params, node=lane.label))
        yield ticket.number


def in_one(ledger: Ledger, lane: Slot) -> Iterator[int]:
    """Record the last trial, claim and assign the next in one transaction, until nothing is left."""
    done = None
    while (ticket := ledger.claim(RUN, lane, LEASE, choose=choose, after=done)) is not None:
        assert ticket.params is not None
        done = result(ticket.number, ticket.params, node=lane.label)
        yield ticket.number


Work = Callable[[Ledger, Slot], Iterator[int]]


def work(way: Work, ledger: Ledger, lane: Slot, start: Barrier, answers: Any) -> None:
    """Do what a lane does with the ledger."""
    start.wait(30)
    answers.put(list(way(ledger, lane)))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", [step_by_step, in_one])
def test_eight_processes_claim_every_ticket_exactly_once(ledger: Ledger, way: Work) -> None:
    open_run(ledger, spec(n_trials=TICKETS))
    start, answers = FORK.Barrier(PROCESSES), FORK.Queue()
    lanes = [FORK.Process(target=work, args=(way, ledger, Slot("rig", k), start, answers)) for k in range(PROCESSES)]
    for lane in lanes:
        lane.start()
    claimed = [answers.get(timeout=90) for _ in lanes]
    for lane in lanes:
        lane.join(30)

    assert [lane.exitcode for lane in lanes] == [0] * PROCESSES
    assert Counter(number for numbers in claimed for number in numbers) == Counter(range(TICKETS))
    assert sum(len(numbers) > 0 for numbers in claimed) >= 2, "only one process worked: nothing was tested"
    tickets = ledger.tickets(RUN)
    assert {(ticket.state, ticket.attempts) for ticket in tickets} == {(TicketState.DONE, 1)}
    assert [ticket.params for ticket in tickets] == [choose(number) for number in range(TICKETS)]
    assert all(ticket.result is not None and ticket.result.node == ticket.lane for ticket in tickets)
