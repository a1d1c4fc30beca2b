"""Rigs whose answers were found false: taken out of the run, and nothing that they said of it stands."""

from __future__ import annotations

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from scorer_core.ledger import opinions, permutations
from scorer_core.ledger.tables import RigRow, TicketRow
from scorer_core.run.clock import Clock, utc_now
from scorer_core.run.trials import TicketState


def distrust(engine: Engine, run_id: str, node: str, reason: str, clock: Clock = utc_now) -> list[int]:
    """Take a rig out of a run and open again every ticket that it answered; return their numbers.

    What a ticket is to run stays. The first reason stands. Its second opinions, others' of those tickets, and its
    batches of permutations are wanted anew.
    """
    with Session(engine) as session, session.begin():
        rig = session.get(RigRow, (run_id, node))
        if rig is None:
            rig = RigRow(run_id=run_id, node=node, seen_at=clock())
            session.add(rig)
        rig.distrusted = rig.distrusted or reason
        rig.taken_out = rig.taken_out or f"its answers are not believed: {rig.distrusted}"
        done = select(TicketRow.number, TicketRow.result).where(
            TicketRow.run_id == run_id, TicketRow.state == TicketState.DONE
        )
        numbers = [number for number, result in session.execute(done) if result["node"] == node]
        for number in numbers:
            this = (TicketRow.run_id == run_id, TicketRow.number == number)
            opened = {"state": TicketState.OPEN, "result": None, "objective": None, "lane": None, "error": reason}
            session.execute(update(TicketRow).where(*this).values(**opened))
        opinions.drop(session, run_id, node, numbers)
        permutations.drop(session, run_id, node)
    return numbers


def distrusted(engine: Engine, run_id: str) -> dict[str, str]:
    """Return the rigs of a run that are not believed, and why."""
    query = select(RigRow.node, RigRow.distrusted).where(RigRow.run_id == run_id, RigRow.distrusted.is_not(None))
    with engine.connect() as connection:
        return {node: str(reason) for node, reason in connection.execute(query)}
