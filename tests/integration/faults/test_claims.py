"""Given as many lanes as the largest cluster has, each a process, and 2,000 tickets: each is claimed exactly once."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from scorer_core.ledger.ledger import Ledger
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from tests.support.postgres import postgres_server
from tests.support.tickets import PARAMS, RUN, claim, open_run, recorded, result, spec

PROCESSES, TICKETS = 26, 2_000
CLAIMS_PER_S = 100
FAULT = f"{PROCESSES} processes claim {TICKETS:,} tickets at once"
FORK = multiprocessing.get_context("fork")  # as Airflow does


pytestmark = pytest.mark.alone


def make_url(kind: str, folder: Path, server: Callable[[], str]) -> str:
    return f"sqlite:///{folder / 'scorer.db'}" if kind == "SQLite" else server()


@pytest.fixture(
    params=[
        pytest.param(kind, id=kind, marks=pytest.mark.fault(FAULT, servers=kind)) for kind in ("SQLite", "PostgreSQL")
    ]
)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with ExitStack() as stack:
        ledger = Ledger(make_url(request.param, tmp_path, lambda: stack.enter_context(postgres_server())))
        ledger.create_tables()
        yield ledger
        ledger.engine.dispose()


def work(ledger: Ledger, number: int, start: Barrier, answers: Any) -> None:
    """Claim until nothing is left, each time as another lane, for a lane that comes back gets its own ticket."""
    node = f"rig-{number}"
    mine: list[int] = []
    start.wait(60)
    began = time.monotonic()
    while (ticket := claim(ledger, Slot(node, len(mine)))) is not None:
        mine.append(ticket.number)
    ended = time.monotonic()
    for gpu, claimed in enumerate(mine):
        recorded(ledger, result(claimed, PARAMS, node=node, gpu=gpu))
    answers.put((mine, began, ended))


def test_every_ticket_is_claimed_exactly_once_and_fast_enough(ledger: Ledger, outcome: Callable[[str], None]) -> None:
    open_run(ledger, spec(n_trials=TICKETS))
    start, answers = FORK.Barrier(PROCESSES), FORK.Queue()
    lanes = [FORK.Process(target=work, args=(ledger, number, start, answers)) for number in range(PROCESSES)]
    for lane in lanes:
        lane.start()
    claimed = [answers.get(timeout=80) for _ in lanes]
    for lane in lanes:
        lane.join(30)

    assert [lane.exitcode for lane in lanes] == [0] * PROCESSES
    assert Counter(number for numbers, _, _ in claimed for number in numbers) == Counter(range(TICKETS))
    assert all(numbers for numbers, _, _ in claimed), "a process got nothing at all"
    tickets = ledger.tickets(RUN)
    assert {(ticket.state, ticket.attempts) for ticket in tickets} == {(TicketState.DONE, 1)}
    assert ledger.failures(RUN) == []
    for ticket in tickets:
        assert ticket.result is not None
        assert Slot(ticket.result.node, ticket.result.gpu).label == ticket.lane
    rate = TICKETS / (max(end for _, _, end in claimed) - min(began for _, began, _ in claimed))
    print(f"{rate:.0f} claims a second")
    assert rate >= CLAIMS_PER_S
    outcome(f"every ticket once; at least {CLAIMS_PER_S} claims a second in all")
