"""What a lane does when it finds no ticket: it has its rig count permutations, for the evidence beside the verdict.

None of it may cost the run anything. A lane whose rig failed a batch, for a reason that speaks against the rig, leaves
the others to others; what nobody counted, the gate does without.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Protocol

from scorer_core.errors import RigError, TrialFailed
from scorer_core.ledger import permutations
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.permutations import Batch
from scorer_core.ledger.records import RunRecord
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.slot import Slot
from scorer_core.scoring.sweep.batches import PermutationRequest, batch_request
from scorer_core.search.lane import kind_of

log = logging.getLogger(__name__)

SHORTEST_TIMEOUT_S = 600.0
"""A batch may take so long, at least: it walks the whole space on all rows, where a trial may score a sample."""


class BatchRunner(Protocol):
    """Whatever can count a batch: a worker session on a rig."""

    def run(self, request: PermutationRequest, timeout_s: float) -> TrialResult:
        """Count one batch; raises TrialFailed when that failed, RigError when the rig did."""


class Permuting:
    """Works on one run's batches in one slot, through as many workers as it takes.

    `batches` were counted; `ended` attempts were, or failed in a way that speaks against the rig.
    """

    def __init__(
        self, slot: Slot, ledger: Ledger, run: RunRecord, lease_grace: timedelta, *, within_trials: bool
    ) -> None:
        self._slot, self._engine, self._run = slot, ledger.engine, run
        self._within_trials = within_trials
        self._timeout_s = max(SHORTEST_TIMEOUT_S, run.spec.trial_timeout_s or slot.trial_timeout_s)
        self._lease = timedelta(seconds=self._timeout_s) + lease_grace
        self._counts = bool(self._asked and run.decision)
        self.batches = self.ended = 0

    def is_awaited(self) -> bool:
        """Say whether there is, or may be again, a batch for this lane."""
        return self._counts and permutations.awaited(self._engine, self._run.run_id)

    def attempt(self, runner: BatchRunner) -> bool:
        """Count one batch, if there is one now; say whether there was.

        Raises:
            RigError: the rig is gone; the batch is given back first.
        """
        run_id = self._run.run_id
        if not self._counts:
            return False
        batch = permutations.claim(self._engine, run_id, self._slot, self._lease)
        if batch is None:
            return False
        request, started = self._request(batch), time.monotonic()
        told = f"permutations {request.first + 1} to {request.first + request.count} of {self._asked}"
        try:
            permutations.settle(self._engine, run_id, runner.run(request, self._timeout_s))
        except (TrialFailed, RigError) as error:
            log.warning("%s: attempt %d failed: %s", told, batch.attempts, error)
            outcome = kind_of(error)
            if outcome.speaks_against:
                self._counts, self.ended = False, self.ended + 1
            permutations.fail(self._engine, run_id, batch, self._slot, outcome, str(error))
            if isinstance(error, RigError):
                raise
            return True
        self.batches, self.ended = self.batches + 1, self.ended + 1
        log.info("%s: %.1f s", told, time.monotonic() - started)
        return True

    @property
    def _asked(self) -> int:
        return self._run.spec.permuted_by_lanes

    def _request(self, batch: Batch) -> PermutationRequest:
        policy, seed = self._run.spec.mask_policy, self._run.decision or 0
        return batch_request(batch.number, self._asked, policy, seed=seed, within_trials=self._within_trials)
