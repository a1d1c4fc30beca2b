"""Runs for the publisher's and the report's tests: real pool, ledger and gate; only the lanes' clock is ours."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorer_core.context import RunContext
from scorer_core.pool.survivors import Pool, pool_from_columns
from scorer_core.rig.protocol import TrialResult
from scorer_core.rig.worker import Origin
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind, TicketState
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed, objective_params
from scorer_core.scoring.trial import TrialRequest, evaluate
from scorer_core.search.in_process import NODE
from scorer_core.search.lane import Lane
from scorer_core.search.sampler import Suggester
from sim.pools import PoolKind, make_pool
from sim.pools.planted import Plant, planted_pool
from tests.support.computed import OnceRunner
from tests.support.prepared import make_settings, prepared

LANES = (("head", 0), ("head", 1), ("rig-6600a", 0), ("rig-6600a", 1), ("rig-6600b", 0))
LEASE = timedelta(minutes=5)
START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)

CONF = {"n_trials": 20, "sample_size": 2000, "search": "random", "seed": 1}


def seen(config: dict[str, Any], policy: MaskPolicy = MaskPolicy.MAX_OFFSET) -> dict[str, Any]:
    """Return what the objective sees of a config, what it lacks with its default."""
    whole = completed(config, policy)
    return {name: whole[name] for name in objective_params(policy)}


PLANTED_CONFIG = seen({"residue_mod_1": 16, "residue_mod_2": 50, "residue_mod_3": 1000, "max_offset": 15})


EASY = Plant(
    completed(
        {"residue_mod_1": 20, "residue_mod_2": 60, "residue_mod_3": 1000, "max_offset": 10}, MaskPolicy.MAX_OFFSET
    ),
    MaskPolicy.MAX_OFFSET,
    4.0,
)
"""A mask that a few random trials come near: it keeps a sixth of the seeds."""


def easy_columns(size: int, seed: int) -> dict[str, NDArray[Any]]:
    """Return a pool in which a few random trials find something."""
    return planted_pool(size, np.random.default_rng(seed), EASY)


def sample_pool(kind: str = "planted", size: int = 12_000, seed: int = 7) -> Pool:
    """Return a sample pool; the planted one has a lift of 4 in a mask that is easy to find, of 3 in PLANTED_CONFIG."""
    if kind == PoolKind.PLANTED.value:
        return pool_from_columns(easy_columns(size, seed), where=f"{kind} pool")
    return pool_from_columns(make_pool(PoolKind(kind), size, seed), where=f"{kind} pool")


def prepare(home: Path, pool: Pool, run_id: str = "run-1", **conf: Any) -> RunContext:
    """Prepare a run of 20 trials of a random search, unless told otherwise; a sweep takes neither budget nor seed."""
    own = {} if conf.get("search") == "sweep" else CONF
    return prepared(make_settings(home), pool, run_id, **{**own, **conf})


def run_trials(
    context: RunContext,
    *,
    first: dict[str, Any] | None = None,
    every: dict[str, Any] | None = None,
    fails: Callable[[int], bool] = lambda number: False,
    lanes: Sequence[tuple[str, int]] = LANES,
    trials: int | None = None,
    seconds: Callable[[int], float] = lambda number: 1.0 + number % 3,
) -> None:
    """Claim, evaluate and record the run's tickets, lane after lane, each on a clock of its own.

    `first` are parameters of trial 0, `every` of all trials, in place of the sampler's; `fails` says which
    trials end in an error three times over; `trials` ends the work early.
    """
    run, ledger = context.record, context.ledger
    pool = context.files.pool.read_pool()
    clocks = {lane: START + timedelta(seconds=0.4 * place) for place, lane in enumerate(lanes)}
    for _ in range(run.spec.n_trials if trials is None else trials):
        lane = min(clocks, key=lambda lane: (clocks[lane], lane))
        node, gpu = lane
        ticket = ledger.claim(run.run_id, Slot(node, gpu), LEASE)
        if ticket is None:
            break
        number = ticket.number
        params = Suggester(run.spec).suggest(number, ledger.tickets(run.run_id))
        params |= (every or {}) | (first or {} if number == 0 else {})
        ledger.assign(run.run_id, number, params)
        if fails(number):
            fail_for_good(context, number, Slot(node, gpu))
            continue
        request = TrialRequest(number, params, run.spec.sample_size, run.spec.mask_policy)
        started, spent = clocks[lane], seconds(number)
        clocks[lane] = started + timedelta(seconds=spent)
        ledger.record(
            run.run_id,
            TrialResult(
                trial_number=number,
                request=request.to_json(),
                evaluation=evaluate(pool, request).to_json(),
                node=node,
                gpu=gpu,
                worker_sha256=run.worker_sha256,
                pool_sha256=run.pool_sha256,
                started_at=started.isoformat(),
                finished_at=clocks[lane].isoformat(),
                seconds=spent,
            ),
        )
        clocks[lane] += timedelta(seconds=0.05)


def run_sweep(context: RunContext) -> None:
    """Work on a sweep's shards in this process, as the only lane of the run."""
    run = context.record
    runner = OnceRunner(context.files.pool.read_pool(), Origin(NODE, 0, run.worker_sha256, run.pool_sha256))
    Lane(Slot("rig", 0), context.ledger, run, LEASE).work(runner)


def fail_for_good(context: RunContext, number: int, slot: Slot) -> None:
    """Fail a leased ticket until the ledger gives it up: the lane loses it, then spare rigs fail it.

    No rig fails twice, so that none is taken out of the run.
    """
    ledger, run_id, attempt = context.ledger, context.run_id, 1
    error = f"trial {number}: the worker ran out of memory"
    outcome = FailureKind.LOST
    for spare in itertools.count():
        if ledger.fail_attempt(run_id, number, slot, outcome, error, attempt=attempt) is not TicketState.OPEN:
            return
        slot, outcome = Slot(f"spare-{number}-{spare}", 0), FailureKind.FAILED
        ledger.claim(run_id, slot, LEASE)
        attempt += 1
