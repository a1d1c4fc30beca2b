"""A lane: asks, runs and tells one trial at a time until the run's budget is spent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from scorer_core.engines import traits_of
from scorer_core.errors import RigError, RigTimeout, TransientRigError, TrialFailed
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.records import RunRecord, Ticket
from scorer_core.ledger.tickets import Params
from scorer_core.rig.protocol import Request, TrialResult
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.scoring.trial import TrialRequest
from scorer_core.search.sampler import Suggester
from scorer_core.search.told import in_a_line
from scorer_core.spec import RunSpec

log = logging.getLogger(__name__)

IDLE_POLL_S = 0.5
FIRST_POLL_S = 0.05


class TrialRunner(Protocol):
    """Whatever can run one trial: a worker session on a rig, or this process."""

    def run(self, request: Request, timeout_s: float) -> TrialResult:
        """Run one trial; raises TrialFailed when it computed and failed, RigError when the rig did."""

    def keep_alive(self) -> None:
        """Say that the lane lives, while it has no trial to run; raises RigLost when nobody listens."""


Runner = TypeVar("Runner", bound=TrialRunner)
Other = TypeVar("Other", contravariant=True)


class BesideTickets(Protocol[Other]):
    """What a lane does where it finds no ticket, with the runner that it has."""

    def attempt(self, runner: Other) -> bool:
        """Do one thing, if there is one now; say whether there was; raises RigError when the rig is gone."""

    def is_awaited(self) -> bool:
        """Say whether there is something to do, or may be again."""


@dataclass(frozen=True)
class LaneReport:
    """What one lane did: trials recorded, attempts that failed, seconds spent in trials; second opinions given.

    `batches` of permutations were counted beside them.
    """

    lane: str
    trials: int
    failures: int
    busy_s: float
    seconds: float
    opinions: int = 0
    batches: int = 0


class Lane:
    """Works on one run's tickets in one slot, through as many workers as it takes."""

    def __init__(
        self,
        slot: Slot,
        ledger: Ledger,
        run: RunRecord,
        lease_grace: timedelta,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._slot = slot
        self._ledger = ledger
        self._run = run
        self._timeout_s = run.spec.trial_timeout_s or slot.trial_timeout_s
        self._lease = timedelta(seconds=self._timeout_s) + lease_grace
        self._engine = traits_of(run.spec.search)
        self._suggester = Suggester(run.spec)
        self._sleep = sleep
        self._started = time.monotonic()
        self._busy_s = 0.0
        self.trials = self.failures = self.opinions = 0

    def work(self, runner: Runner, beside: BesideTickets[Runner] | None = None) -> LaneReport:
        """Work until every ticket of the run is done or failed, and no second opinion is wanted that this rig can give.

        A lane without a ticket does what there is to do `beside`, or waits: another lane's lease may expire, and then
        it takes over.

        Raises:
            RigUnfit: the rig was taken out of the run, because its trials keep failing.
            RigError: the rig is gone; the ticket that this lane had leased is given back first.
        """
        run_id = self._run.run_id
        choose = None if self._engine.learns else self._choose
        pause = FIRST_POLL_S  # most lanes wait for trials that end soon: the run's last ones
        result = None
        while True:
            ticket = self._ledger.claim(run_id, self._slot, self._lease, choose=choose, after=result)
            result = None
            if ticket is not None:
                result = self._attempt(ticket, runner)
                pause = FIRST_POLL_S
            elif beside is not None and beside.attempt(runner):
                pause = FIRST_POLL_S
            elif self._ledger.spent(run_id, self._slot.node) and not (beside and beside.is_awaited()):
                return self.report()
            else:
                runner.keep_alive()
                self._sleep(pause)
                pause = min(2 * pause, IDLE_POLL_S)

    def report(self) -> LaneReport:
        """Return what the lane has done so far."""
        seconds = time.monotonic() - self._started
        return LaneReport(self._slot.label, self.trials, self.failures, self._busy_s, seconds, self.opinions)

    def _attempt(self, ticket: Ticket, runner: TrialRunner) -> TrialResult | None:
        """Return the trial's result, or None when it failed: then the ticket is given back."""
        request = self._request(ticket)
        if ticket.checks is not None:
            log.info("%s checks shard %d of %s", self._slot.label, ticket.number, ticket.checks)
        started = time.monotonic()
        try:
            result = runner.run(request, self._timeout_s)
        except (TrialFailed, RigError) as error:
            self.failures += 1
            log.warning(
                "%s %d: attempt %d failed: %s",
                traits_of(self._run.spec.search).unit,
                ticket.number,
                ticket.attempts,
                error,
            )
            run_id, number = self._run.run_id, ticket.number
            self._ledger.fail_attempt(run_id, number, self._slot, kind_of(error), str(error), attempt=ticket.attempts)
            if isinstance(error, RigError):
                raise
            return None
        seconds = time.monotonic() - started
        self._busy_s += seconds
        if ticket.checks is None:
            self.trials += 1
        else:
            self.opinions += 1
        log.info("%s", in_a_line(result, seconds))
        return result

    def _request(self, ticket: Ticket) -> Request:
        spec = self._run.spec
        params = ticket.params
        if params is None:  # the claim chooses for engines that learn from nothing
            news = self._ledger.progress(self._run.run_id, self._suggester.first_unsettled)
            params = self._ledger.assign(self._run.run_id, ticket.number, self._suggester.suggest(ticket.number, news))
        return request_of(spec, ticket.number, params)

    def _choose(self, number: int) -> Params:
        """Return what a new ticket is to run, for engines that need not know what was run before."""
        if self._engine.walks_grid:
            spec = self._run.spec
            return shard_params(spec.mask_policy, number, spec.pinned, spec.n_trials)
        return self._suggester.suggest(number, ())


def request_of(spec: RunSpec, number: int, params: Params) -> Request:
    """Return what a ticket with these parameters asks a worker for: a shard, or a trial."""
    if traits_of(spec.search).walks_grid:
        return ShardRequest(number, params, spec.mask_policy, spec.sample_size)
    return TrialRequest(number, params, spec.sample_size, spec.mask_policy)


def kind_of(error: TrialFailed | RigError) -> FailureKind:
    """Return how an attempt failed."""
    if isinstance(error, RigTimeout):
        return FailureKind.TIMED_OUT
    return FailureKind.LOST if isinstance(error, TransientRigError) else FailureKind.FAILED
