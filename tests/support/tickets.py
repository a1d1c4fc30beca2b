"""Runs, tickets and results for the tests of the search, and a clock that they set themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scorer_core.engines import SearchEngine
from scorer_core.ledger.keys import Asked
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.records import Ticket
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind, TicketState
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
from scorer_core.spec import RunSpec

RUN = "manual__2024-05-06T07:08:09+00:00"
LEASE = timedelta(seconds=60)
WORKER, POOL, CONTENT = "a" * 64, "b" * 64, "c" * 64
A, B, C, D = (Slot(f"rig-{letter}", 0) for letter in "abcd")
PARAMS: dict[str, Any] = completed(
    {
        "residue_mod_1": 9,
        "residue_mod_2": 122,
        "residue_mod_3": 1367,
        "max_offset": 13,
        "temporal_window_size": 60,
        "temporal_num_windows": 5,
        "min_confidence_threshold": 0.1,
        "hidden_layers": "128_64",
        "dropout": 0.2,
        "learning_rate": 0.001,
        "batch_size": 64,
    },
    MaskPolicy.MAX_OFFSET,
)


class Clock:
    """A moment that only a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def spec(n_trials: int = 3, search: SearchEngine = SearchEngine.RANDOM, **fields: Any) -> RunSpec:
    """Return a spec with a small budget and a fixed seed."""
    return RunSpec.from_conf({"n_trials": n_trials, "search": search, "seed": 7, "sample_size": 450, **fields})


def swept_spec(**conf: Any) -> RunSpec:
    """Return the spec of a sweep."""
    return RunSpec.from_conf(conf)


def open_run(
    ledger: Ledger,
    run_spec: RunSpec,
    run_id: str = RUN,
    asked: Asked | None = None,
    *,
    twice: bool = False,
    batches: int = 0,
    **inputs: str,
) -> None:
    """Open a run in a ledger, with inputs that do not matter unless given."""
    known = {"worker_sha256": WORKER, "pool_sha256": POOL, "pool_content": CONTENT, "folder": "/runs/manual"}
    ledger.open_run(run_id, run_spec, asked=asked, twice=twice, batches=batches, **{**known, **inputs})


def claim(ledger: Ledger, slot: Slot, run_id: str = RUN) -> Ticket | None:
    """Claim as a lane."""
    return ledger.claim(run_id, slot, LEASE)


def claimed(ledger: Ledger, slot: Slot, run_id: str = RUN) -> Ticket:
    """Claim as a lane, where there is a ticket to claim."""
    ticket = claim(ledger, slot, run_id)
    assert ticket is not None
    return ticket


def fail(ledger: Ledger, number: int, slot: Slot, error: str = "out of memory") -> TicketState:
    """Report as a lane that its trial failed, in its last attempt."""
    attempt = ledger.tickets(RUN)[number].attempts
    return ledger.fail_attempt(RUN, number, slot, FailureKind.FAILED, error, attempt=attempt)


def recorded(ledger: Ledger, answer: TrialResult, run_id: str = RUN) -> None:
    """Record an answer as a lane does: the parameters stand on the ticket before anybody runs them."""
    ledger.assign(run_id, answer.trial_number, dict(answer.request["params"]))
    ledger.record(run_id, answer)


def result(
    number: int, params: Mapping[str, Any] = PARAMS, objective: float = 0.25, *, node: str = "rig-a", gpu: int = 0
) -> TrialResult:
    """Return what a worker answers for a trial."""
    request = {"trial_number": number, "params": dict(params), "sample_size": 450, "mask_policy": "max_offset"}
    evaluation = {
        "objective": objective,
        "subset_n": 45,
        "keep": 0.1,
        "enrich": 0.3,
        "p_global": 0.08,
        "p_sub": 0.1,
        "coverage": 0.9,
        "size_penalty": 0.0,
        "reason": "ok",
        "pass_rates": [0.4, 0.1, 0.2],
        "blind": [False, False, False],
    }
    moment = "2024-05-06T07:08:{:02d}.123456+00:00"
    return TrialResult(
        number, request, evaluation, node, gpu, WORKER, POOL, moment.format(1), moment.format(3), seconds=2.0
    )


def best_objective(ledger: Ledger, run_id: str = RUN) -> float | None:
    """Return the best objective that a run's tickets hold, None without a result."""
    return max((one.objective for one in ledger.tickets(run_id) if one.objective is not None), default=None)
