"""The ledger under any sequence of claims, failures, late results and lost leases, against a model of it."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from scorer_core.errors import Drained, ResultConflict, RigUnfit
from scorer_core.ledger.health import ALIVE, BREAKER_FAILURES, MAX_FAILURES, SEEN_EVERY
from scorer_core.ledger.ledger import Ledger
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from tests.support.own_database import database_of, give_back_below
from tests.support.tickets import LEASE, PARAMS, RUN, Clock, best_objective, fail, open_run, result, spec

pytestmark = pytest.mark.slow

LANES = st.sampled_from([Slot("rig", gpu) for gpu in range(3)])
CHOICES = st.integers(1, 15)


@dataclass
class Expected:
    """One ticket as it has to be."""

    state: TicketState = TicketState.OPEN
    lane: str | None = None
    until: datetime | None = None
    attempts: int = 0
    failures: int = 0
    params: dict[str, Any] | None = None
    objective: float | None = None
    failed_by: Counter[str] = field(default_factory=Counter)

    def expired(self, now: datetime) -> bool:
        return self.state is TicketState.LEASED and self.until is not None and self.until < now


class LedgerMachine(RuleBasedStateMachine):
    """Lanes claim, assign, finish, fail, die and come back in any order."""

    @initialize(n_trials=st.integers(1, 4))
    def a_run_is_opened(self, n_trials: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.spec = spec(n_trials)
        self.ledger = Ledger(database_of(Path(self.folder.name)), self.clock)
        self.ledger.create_tables()
        open_run(self.ledger, self.spec)
        self.model = [Expected() for _ in range(n_trials)]
        self.seen: dict[str, datetime] = {}
        self.rows: Counter[str] = Counter()
        self.drained: set[str] = set()
        self.out = False

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.ledger.engine.dispose()
            give_back_below(Path(self.folder.name))
            self.folder.cleanup()

    @rule(lane=LANES, offset=st.none() | CHOICES)
    def a_lane_claims(self, lane: Slot, offset: int | None) -> None:
        self._claim(lane, offset, None)

    @precondition(lambda self: any(ticket.params for ticket in self.model))
    @rule(data=st.data(), lane=LANES, offset=st.none() | CHOICES)
    def a_lane_claims_after_a_result(self, data: st.DataObject, lane: Slot, offset: int | None) -> None:
        number = data.draw(st.sampled_from([n for n, ticket in enumerate(self.model) if ticket.params]))
        self._claim(lane, offset, self._finished(number, lane.node))

    def _claim(self, lane: Slot, offset: int | None, after: TrialResult | None) -> None:
        """Claim; with an offset, the claim chooses parameters."""
        self._see(lane, after)
        due = self._due(lane)
        choose = None if offset is None else lambda _number: {**PARAMS, "max_offset": offset}
        if self.out or lane.label in self.drained:
            with pytest.raises((RigUnfit, Drained), match="trials in a row failed"):
                self.ledger.claim(RUN, lane, LEASE, choose=choose, after=after)
            return

        ticket = self.ledger.claim(RUN, lane, LEASE, choose=choose, after=after)

        assert (None if ticket is None else ticket.number) == due
        if ticket is None:
            return
        expected = self.model[ticket.number]
        expected.state, expected.lane, expected.until = TicketState.LEASED, lane.label, self.clock.now + LEASE
        expected.attempts += 1
        if expected.params is None and choose is not None:
            expected.params = choose(ticket.number)
        assert ticket.params == expected.params, "a retry runs the same trial"

    def _see(self, lane: Slot, after: TrialResult | None) -> None:
        """Note a claim: a lane's sign of life is renewed every few seconds, and what it brings breaks a row."""
        if after is not None:
            self.rows[Slot(after.node, after.gpu).label] = 0
        if self.clock.now - self.seen.get(lane.label, self.clock.now) >= SEEN_EVERY or lane.label not in self.seen:
            self.seen[lane.label] = self.clock.now

    def _at_work(self, label: str) -> bool:
        leased = [ticket for ticket in self.model if ticket.state is TicketState.LEASED and ticket.lane == label]
        holds = any(ticket.until is not None and ticket.until >= self.clock.now for ticket in leased)
        return (self.seen[label] >= self.clock.now - ALIVE or holds) and label not in self.drained and not self.out

    def _due(self, lane: Slot) -> int | None:
        others = [label for label in self.seen if label != lane.label and self._at_work(label)]
        numbered = [
            (n, ticket)
            for n, ticket in enumerate(self.model)
            if not any(ticket.failed_by[label] < ticket.failed_by[lane.label] for label in others)
        ]
        mine = [n for n, ticket in numbered if ticket.state is TicketState.LEASED and ticket.lane == lane.label]
        expired = [n for n, ticket in numbered if ticket.expired(self.clock.now)]
        free = [n for n, ticket in numbered if ticket.state is TicketState.OPEN]
        return next(iter([*mine, *expired, *free]), None)

    @precondition(lambda self: any(ticket.state is TicketState.LEASED for ticket in self.model))
    @rule(data=st.data(), offset=CHOICES)
    def parameters_are_assigned(self, data: st.DataObject, offset: int) -> None:
        leased = [n for n, ticket in enumerate(self.model) if ticket.state is TicketState.LEASED]
        number = data.draw(st.sampled_from(leased))
        wanted = {**PARAMS, "max_offset": offset}

        kept = self.ledger.assign(RUN, number, wanted)

        self.model[number].params = self.model[number].params or wanted
        assert kept == self.model[number].params

    @precondition(lambda self: any(ticket.params for ticket in self.model))
    @rule(data=st.data(), node=st.sampled_from(["rig-a", "rig-b"]))
    def a_result_comes_in_time_or_late_or_again(self, data: st.DataObject, node: str) -> None:
        number = data.draw(st.sampled_from([n for n, ticket in enumerate(self.model) if ticket.params]))

        self.ledger.record(RUN, self._finished(number, node))

    def _finished(self, number: int, node: str) -> TrialResult:
        """Return a ticket's result; the model has it already."""
        expected = self.model[number]
        assert expected.params is not None
        objective = expected.params["max_offset"] / 100
        expected.state, expected.objective, expected.until = TicketState.DONE, objective, None
        return result(number, expected.params, objective, node=node)

    @precondition(lambda self: any(ticket.params for ticket in self.model))
    @rule(data=st.data(), other_params=st.booleans())
    def a_contradicting_result_is_refused(self, data: st.DataObject, other_params: bool) -> None:
        number = data.draw(st.sampled_from([n for n, ticket in enumerate(self.model) if ticket.params]))
        expected = self.model[number]
        assert expected.params is not None
        if not other_params and expected.state is not TicketState.DONE:
            return
        params = {**expected.params, "residue_mod_1": 5} if other_params else expected.params

        with pytest.raises(ResultConflict):
            self.ledger.record(RUN, result(number, params, -0.5))

    @rule(data=st.data(), lane=LANES)
    def an_attempt_fails(self, data: st.DataObject, lane: Slot) -> None:
        number = data.draw(st.integers(0, len(self.model) - 1))
        expected = self.model[number]

        state = fail(self.ledger, number, lane)

        expected.failures += 1
        expected.failed_by[lane.label] += 1
        if lane.label in self.seen:
            self._count(lane.label)
        if expected.state is TicketState.LEASED and expected.lane == lane.label:
            gone = expected.failures >= MAX_FAILURES
            expected.state, expected.until = (TicketState.FAILED if gone else TicketState.OPEN), None
        assert state is expected.state

    def _count(self, label: str) -> None:
        """Count a failure in a row: the GPU goes when they are many, and its rig with the last of its GPUs."""
        self.rows[label] += 1
        if self.rows[label] >= BREAKER_FAILURES:
            self.drained.add(label)
            self.out = self.out or all(self.rows[one] >= BREAKER_FAILURES for one in self.seen)

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def the_run_is_opened_again(self) -> None:
        open_run(self.ledger, self.spec)

    @invariant()
    def the_ledger_is_as_expected(self) -> None:
        tickets = self.ledger.tickets(RUN)
        assert [ticket.number for ticket in tickets] == list(range(self.spec.n_trials))
        for ticket, expected in zip(tickets, self.model, strict=True):
            assert (ticket.state, ticket.attempts, ticket.params) == (
                expected.state,
                expected.attempts,
                expected.params,
            )
            assert (ticket.result is not None) == (ticket.state is TicketState.DONE)

    @invariant()
    def the_sums_are_right(self) -> None:
        counts = self.ledger.counts(RUN)
        assert sum(counts.values()) == self.spec.n_trials
        assert counts == {state: sum(ticket.state is state for ticket in self.model) for state in TicketState}
        assert self.ledger.spent(RUN) == (counts[TicketState.OPEN] + counts[TicketState.LEASED] == 0)
        known = [ticket.objective for ticket in self.model if ticket.objective is not None]
        assert best_objective(self.ledger, RUN) == max(known, default=None)


TestLedgerMachine = pytest.mark.timeout(120)(LedgerMachine.TestCase)
TestLedgerMachine.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
