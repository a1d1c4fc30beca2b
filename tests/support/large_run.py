"""A run as large as runs get, written into a ledger at once: lanes of rigs that are in mid-work on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select

from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.tables import RigRow, RunRow, TicketRow
from scorer_core.rig.protocol import to_body
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from tests.support.tickets import PARAMS, open_run, result, spec

_AT_ONCE = 5_000


def write_large_run(
    ledger: Ledger, run_id: str, trials: int, *, rigs: int = 26, gpus: int = 8, done: float = 0.8, folder: str = "/runs"
) -> list[Slot]:
    """Write a run with so many trials, a share of them done by the lanes in turn, each lane at work on one more."""
    lanes = [Slot(f"rig-{rig:02}", gpu) for gpu in range(gpus) for rig in range(rigs)]
    now = datetime.now(UTC)
    open_run(ledger, spec(1), "of-one")  # tells what a row is like
    with ledger.engine.begin() as connection:
        row = dict(connection.execute(select(RunRow.__table__).where(RunRow.run_id == "of-one")).one()._mapping)
        connection.execute(delete(TicketRow))
        connection.execute(delete(RunRow))
        whole = {"run_id": run_id, "folder": f"{folder}/{run_id}", "created_at": now - timedelta(hours=1)}
        connection.execute(insert(RunRow), [{**row, **whole, "spec": spec(trials).to_record()}])
        tickets = list(_tickets(run_id, trials, int(done * trials), lanes, now))
        for first in range(0, trials, _AT_ONCE):
            connection.execute(insert(TicketRow), tickets[first : first + _AT_ONCE])
        rig = {"run_id": run_id, "seen_at": now, "failures_in_row": 0}
        connection.execute(insert(RigRow), [{**rig, "node": name} for name in sorted({lane.node for lane in lanes})])
    return lanes


def _tickets(run_id: str, trials: int, done: int, lanes: list[Slot], now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(trials):
        lane = lanes[number % len(lanes)]
        ticket = {"run_id": run_id, "number": number, "attempts": 1, "params": PARAMS, "lane": lane.label}
        ticket |= {"node": lane.node, "lease_until": None, "result": None, "objective": None}
        if number < done:
            objective = (number * 7919 % 1000) / 1400
            answer = to_body(result(number, objective=objective, node=lane.node, gpu=lane.gpu))
            yield {**ticket, "state": TicketState.DONE, "result": answer, "objective": objective}
        elif number < done + len(lanes):
            yield {**ticket, "state": TicketState.LEASED, "lease_until": now + timedelta(hours=6)}
        else:
            yield {**ticket, "state": TicketState.OPEN, "lane": None, "node": None, "params": None, "attempts": 0}
