"""The ledger: the truth about a run. Exactly `n_trials` tickets; none lost, none twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.orm import Session

from scorer_core.ledger import health, opinions, permutations, stops, tickets
from scorer_core.ledger.database import open_engine, writing
from scorer_core.ledger.keys import Asked, take
from scorer_core.ledger.records import Progress, RunRecord, Ticket, run_record, ticket_record
from scorer_core.ledger.runs import find_run, readable_runs, refuse_change, unknown_run
from scorer_core.ledger.schema import make_ready
from scorer_core.ledger.tables import FailureRow, RunRow, TicketRow
from scorer_core.ledger.tickets import Choose, Params
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.clock import Clock, utc_now
from scorer_core.run.slot import Slot
from scorer_core.run.trials import Failure, FailureKind, TicketState
from scorer_core.spec import RunSpec


class Ledger:
    """Every process opens its own ledger on the same URL; each method is one transaction."""

    def __init__(self, url: str, clock: Clock = utc_now) -> None:
        self._engine: Engine = open_engine(url)
        self._writer = writing(self._engine)
        self._clock = clock

    def create_tables(self) -> None:
        """Make the tables of an empty database; in any other see that they are of this release's version.

        Raises:
            SchemaError: they are of another one.
        """
        make_ready(self._engine, self._writer)

    @property
    def engine(self) -> Engine:
        """Return the engine that takes the write lock first, for the gate's decisions."""
        return self._writer

    def open_run(
        self,
        run_id: str,
        spec: RunSpec,
        *,
        worker_sha256: str,
        pool_sha256: str,
        pool_content: str,
        folder: str,
        asked: Asked | None = None,
        twice: bool = False,
        batches: int = 0,
    ) -> None:
        """Make a run with its open tickets, and take the number of the decision that it asks for.

        With `twice` a second rig is asked for each ticket, too; `batches` of permutations are wanted where there is a
        decision. The same run again changes nothing.

        Raises:
            RunError: the run exists with another spec, worker or pool.
        """
        wanted = {
            "spec": spec,
            "worker_sha256": worker_sha256,
            "pool_sha256": pool_sha256,
            "pool_content": pool_content,
            "folder": folder,
        }
        with Session(self._writer) as session, session.begin():
            row = session.get(RunRow, run_id)
            if row is not None:
                return refuse_change(run_record(row), wanted)
            now = self._clock()
            decision = None if asked is None else take(session, asked, run_id, now)
            values = {**wanted, "spec": spec.to_record(), "decision": decision}
            session.execute(insert(RunRow).values(run_id=run_id, created_at=now, **values))
            tickets.open_all(session, run_id, spec.n_trials)
            if twice:
                opinions.ask(session, run_id, spec.n_trials)
            if batches and decision is not None:
                permutations.ask(session, run_id, batches)

    def run(self, run_id: str) -> RunRecord:
        """Return a run.

        Raises:
            RunNotFound: the ledger does not know it.
        """
        found = find_run(self._engine, run_id)
        if found is None:
            raise unknown_run(run_id)
        return found

    def runs(self) -> list[RunRecord]:
        """Return every run that this release can read, the newest first."""
        return readable_runs(self._engine)

    def end_run(self, run_id: str) -> None:
        """Note that a run is over; it is then no longer in progress."""
        this = (RunRow.run_id == run_id, RunRow.ended_at.is_(None))
        with self._writer.begin() as connection:
            connection.execute(update(RunRow).where(*this).values(ended_at=self._clock()))

    def claim(
        self,
        run_id: str,
        slot: Slot,
        lease: timedelta,
        *,
        choose: Choose | None = None,
        after: TrialResult | None = None,
    ) -> Ticket | None:
        """Lease the next ticket to a lane, or return None when there is none to lease now.

        A lane gets its own unfinished ticket first (a retry runs the same trial), then one whose lease has expired,
        then the open one with the lowest number, then one of another rig's that is asked twice. What failed here is
        left to others at work: see `health.avoided`.

        In the same transaction, since lanes that end together wait for each other's: a ticket without parameters
        is given those that `choose` returns for its number, and the result `after` which it claims is recorded first.

        Raises:
            RigUnfit, Drained: the rig is out, or the GPU drained. The result is recorded; what the lane held is open.
            ResultConflict: as for `record`.
            RunNotFound: as for `record`.
        """
        now = self._clock()
        with self._writer.begin() as connection:
            if after is not None:
                _record(connection, run_id, after)
            standing = health.see(connection, run_id, slot, now)
            if standing.stopped:
                return None
            if standing.unfit is None:
                wanted = (connection, run_id, slot, now, lease, health.avoided(connection, run_id, slot, now))
                ticket = tickets.lease(*wanted) or opinions.lease(*wanted)
                if ticket is None or ticket.params is not None or choose is None:
                    return ticket
                params = tickets.assign(connection, run_id, ticket.number, choose(ticket.number))
                return replace(ticket, params=params)
            tickets.leave(connection, run_id, slot)
        raise standing.unfit

    def assign(self, run_id: str, number: int, params: Params) -> Params:
        """Write the parameters on a ticket, before they are run; return those it has: it keeps its first ones."""
        with self._writer.begin() as connection:
            return tickets.assign(connection, run_id, number, params)

    def record(self, run_id: str, result: TrialResult) -> None:
        """Mark a ticket done with its result. The same answer again changes nothing.

        Raises:
            ResultConflict: the ticket has another answer already, or other parameters were to be run.
            RunNotFound: there is no such ticket.
        """
        with self._writer.begin() as connection:
            _record(connection, run_id, result)

    def fail_attempt(
        self, run_id: str, number: int, slot: Slot, outcome: FailureKind, error: str, *, attempt: int
    ) -> TicketState:
        """Note a lane's failed attempt: the ticket is open again, or failed when it failed too often.

        `attempt` is the ticket's count of attempts when it was leased, the epoch of the lease: a lane whose lease was
        taken over meanwhile, by another lane or by itself after a restart, changes nothing but the record of failures.

        Raises:
            RunNotFound: there is no such ticket.
        """
        with self._writer.begin() as connection:
            ticket = tickets.lock(connection, run_id, number)
            failure = Failure(number, slot.label, outcome, error)
            health.note_failure(connection, run_id, slot, failure, self._clock())
            if (ticket.state, ticket.lane, ticket.attempts) != (TicketState.LEASED, slot.label, attempt):
                opinions.give_back(connection, run_id, number, slot, attempt)
                return TicketState(ticket.state)
            hopeless = health.is_hopeless(connection, run_id, number)
            return tickets.give_back(connection, run_id, number, error, hopeless=hopeless)

    def expect_lanes(self, run_id: str, slots: Iterable[Slot]) -> None:
        """Note the lanes that are about to work on a run, so that a trial can be left to one that starts later."""
        with self._writer.begin() as connection:
            health.expect(connection, run_id, slots, self._clock())

    def taken_out(self, run_id: str) -> dict[str, str]:
        """Return the rigs that were taken out of a run, and the GPUs whose trials kept failing in it; and why."""
        with self._engine.connect() as connection:
            return health.taken_out(connection, run_id)

    def failures(self, run_id: str) -> list[Failure]:
        """Return every failed attempt of a run, in the order they were noted."""
        query = select(FailureRow).where(FailureRow.run_id == run_id).order_by(FailureRow.id)
        with Session(self._engine) as session:
            return [
                Failure(row.number, row.lane, FailureKind(row.outcome), row.error)
                for row in session.scalars(query).all()
            ]

    def tickets(self, run_id: str) -> list[Ticket]:
        """Return every ticket of a run, by number."""
        query = select(TicketRow).where(TicketRow.run_id == run_id).order_by(TicketRow.number)
        with Session(self._engine) as session:
            return [ticket_record(row) for row in session.scalars(query).all()]

    def progress(self, run_id: str, first: int) -> list[Progress]:
        """Return what is running or has ended, from number `first` on: tickets that have parameters."""
        query = select(TicketRow.number, TicketRow.state, TicketRow.params, TicketRow.objective).where(
            TicketRow.run_id == run_id, TicketRow.number >= first, TicketRow.params.is_not(None)
        )
        with self._engine.connect() as connection:
            return [
                Progress(number, TicketState(state), params, objective)
                for number, state, params, objective in connection.execute(query.order_by(TicketRow.number))
            ]

    def counts(self, run_id: str) -> dict[TicketState, int]:
        """Return how many tickets are in each state."""
        query = select(TicketRow.state, func.count()).where(TicketRow.run_id == run_id).group_by(TicketRow.state)
        with self._engine.connect() as connection:
            found = {TicketState(state): int(count) for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in TicketState}

    def spent(self, run_id: str, node: str = "") -> bool:
        """Say whether every ticket is done or failed, with no second opinion left to a node, or the run was stopped."""
        ended = all(state.ended for state, count in self.counts(run_id).items() if count)
        with self._engine.connect() as connection:
            if ended and not (node and opinions.awaited(connection, run_id, node)):
                return True
            return stops.is_stopped(connection, run_id)


def _record(connection: Connection, run_id: str, result: TrialResult) -> None:
    tickets.settle(connection, run_id, result)
    health.note_success(connection, run_id, result.node, result.gpu)
