"""What becomes of rigs that answer falsely: they are out of the run, and the head computes what they were asked."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from scorer_core.context import RunContext
from scorer_core.ledger.opinions import second_answers
from scorer_core.ledger.records import Ticket
from scorer_core.ledger.trust import distrust, distrusted
from scorer_core.pool.survivors import Pool
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.search.in_process import NODE, InProcessRunner
from scorer_core.search.lane import Lane, request_of
from scorer_core.search.recheck import Checked, check_answers, told, true_answer
from scorer_core.spec import RunSpec
from scorer_core.transport.claims import Lease

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Leases:
    """What each ticket that was ever leased asks for, by number."""

    spec: RunSpec
    worker_sha256: str
    pool_sha256: str
    params: Mapping[int, Mapping[str, Any]]

    @classmethod
    def of_run(cls, context: RunContext) -> Leases:
        """Read the tickets of a run."""
        asked = {
            ticket.number: ticket.params
            for ticket in context.ledger.tickets(context.run_id)
            if ticket.params is not None and ticket.attempts
        }
        return cls(context.spec, context.record.worker_sha256, context.record.pool_sha256, asked)

    def of(self, node: str, number: int) -> Lease | None:
        """Return what an answer of a node to a ticket must be to; None where nobody was asked."""
        params = self.params.get(number)
        if params is None:
            return None
        request = request_of(self.spec, number, dict(params))
        return Lease(request, node, None, self.worker_sha256, self.pool_sha256)


class Referee:
    """Decides for one run whose answers stand; the head's own are the truth."""

    def __init__(self, context: RunContext) -> None:
        self._context = context

    @cached_property
    def _pool(self) -> Pool:
        return self._context.files.pool.read_pool()

    @cached_property
    def _scorer(self) -> PoolScorer:
        return PoolScorer.of(self._pool, self._context.settings.rig_cache_mb * 2**20)

    @cached_property
    def _runner(self) -> InProcessRunner:
        return InProcessRunner(
            self._pool,
            worker_sha256=self._context.record.worker_sha256,
            pool_sha256=self._context.record.pool_sha256,
            cache_bytes=self._context.settings.rig_cache_mb * 2**20,
        )

    def recover(self, results: Iterable[TrialResult]) -> int:
        """Record what is journalled but not in the ledger; return how many were new.

        Where a journal contradicts the ledger, the head computes the answer, and whoever gave another is out.
        """
        context = self._context
        ledger, run_id = context.ledger, context.run_id
        before = {ticket.number: ticket for ticket in ledger.tickets(run_id)}
        liars = set(distrusted(ledger.engine, run_id))
        new = set()
        for result in results:
            known = before[result.trial_number]
            if result.node in liars:
                continue
            if known.state is not TicketState.DONE:
                new.add(result.trial_number)
            elif known.result is not None and not known.result.same_answer(result):
                if known.result.node not in liars:  # else the ticket is open again
                    liars |= self._settle(known.result, result)
                continue
            ledger.record(run_id, result)
        return len(new)

    def check(self) -> Checked:
        """Check every rig's answers; take out each that lied, and work its tickets here, until what is left is true.

        Of a run that is asked twice the head gives every second answer that no rig gave.
        """
        context = self._context
        checked = Checked()
        while True:
            done = [one for one in context.ledger.tickets(context.run_id) if one.state is TicketState.DONE]
            found = check_answers(done, self._pool, context.spec, self._second_answers(done))
            checked.answers += found.answers
            checked.agreed = found.agreed
            for node, lie in found.lies.items():
                self._take_out(node, lie)
            if not self._work_here() and not found.lies:
                return checked

    def _second_answers(self, done: Iterable[Ticket]) -> dict[int, TrialResult | None]:
        """Return the second answers of a run that is asked twice, those that are missing by the head; else none."""
        context = self._context
        seconds = second_answers(context.ledger.engine, context.run_id)
        for ticket in done:
            missing = ticket.number in seconds and seconds[ticket.number] is None
            if missing and ticket.result is not None and ticket.result.node != NODE:
                request = request_of(context.spec, ticket.number, ticket.params or {})
                seconds[ticket.number] = answer = self._runner.run(request, math.inf)
                context.ledger.record(context.run_id, answer)
        return seconds

    def _settle(self, recorded: TrialResult, journalled: TrialResult) -> set[str]:
        """Take out whoever's answer is not the head's, and return them."""
        true = true_answer(self._scorer, journalled.request)
        false = [result for result in (recorded, journalled) if result.evaluation != true]
        for result in false:
            self._take_out(result.node, told(f"trial {result.trial_number}", result.evaluation, true))
        return {result.node for result in false}

    def _take_out(self, node: str, lie: str) -> None:
        numbers = distrust(self._context.ledger.engine, self._context.run_id, node, lie)
        log.warning("%s is taken out, its %d answers are not believed: %s", node, len(numbers), lie)

    def _work_here(self) -> bool:
        """Compute what rigs that lied were asked; say whether there was anything to compute."""
        context = self._context
        if not distrusted(context.ledger.engine, context.run_id) or context.ledger.spent(context.run_id):
            return False
        grace = timedelta(seconds=context.settings.lease_grace_s)
        Lane(Slot(NODE, 0), context.ledger, context.record, grace).work(self._runner)
        return True
