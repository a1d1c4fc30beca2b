"""No key of a conf can be given and have no effect: with each engine it changes what a run does, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scorer_core.conf import RunConf
from scorer_core.context import RunContext
from scorer_core.engines import SearchEngine, traits_of
from scorer_core.errors import NoSlots, PoolError, SpecError, TrialFailed, Unreconciled
from scorer_core.gate.case import Rules
from scorer_core.rig.protocol import Request, TrialResult
from scorer_core.run.slot import Slot
from scorer_core.run.trials import read_trials
from scorer_core.search.in_process import InProcessRunner
from scorer_core.search.lane import Lane
from scorer_core.steps.collect import collect
from scorer_core.steps.gpu_slots import gpu_slots
from tests.support.pools import small_pool
from tests.support.prepared import make_settings, prepared

SMALL = {"residue_mod_2": 50, "residue_mod_3": 1000}
"""Pins that leave a sweep little to do."""
QUICK: dict[SearchEngine, dict[str, Any]] = {
    engine: {"search": engine.value, "fixed_params": SMALL}
    | ({} if traits_of(engine).walks_grid else {"n_trials": 3, "seed": 1})
    for engine in SearchEngine
}


SLOT = Slot("rig", 0)


class Runner(InProcessRunner):
    """Runs in this process; notes the time-outs, and fails the trials that it is told to."""

    timeouts: set[float] = set()
    fails: Callable[[int], bool] = staticmethod(lambda _number: False)

    def run(self, request: Request, timeout_s: float) -> TrialResult:
        self.timeouts = {*self.timeouts, timeout_s}
        if self.fails(request.trial_number):
            raise TrialFailed(f"trial {request.trial_number}: no memory")
        return super().run(request, timeout_s)


def prepare(home: Path, **conf: Any) -> RunContext:
    return prepared(make_settings(home), small_pool(800), **conf)


def work(context: RunContext, fails: Callable[[int], bool] = lambda _number: False, slot: Slot = SLOT) -> Runner:
    """Work on a run as its lanes do, three of them so that a trial may fail for good, and collect it."""
    run = context.record
    pool = context.files.pool.read_pool()
    runner = Runner(pool, worker_sha256=run.worker_sha256, pool_sha256=run.pool_sha256, cache_bytes=2**20)
    runner.fails = fails
    Lane(slot, context.ledger, run, timedelta(seconds=30), lambda _seconds: None).work(runner)
    collect(context, None)
    return runner


def n_trials(home: Path, conf: dict[str, Any]) -> None:
    context = prepare(home, **{**conf, "n_trials": 2})
    assert sum(context.ledger.counts("run-1").values()) == 2


def sample_size(home: Path, conf: dict[str, Any]) -> None:
    context = prepare(home, **conf, sample_size=450)
    work(context)
    results = [ticket.result for ticket in context.ledger.tickets("run-1")]
    assert {result and result.request["sample_size"] for result in results} == {450}
    assert {trial.sample_size for trial in read_trials(context.files)} == {450}
    assert {trial.score.counts and trial.score.counts.rows for trial in read_trials(context.files)} == {450}


def mask_policy(home: Path, conf: dict[str, Any]) -> None:
    context = prepare(home, **conf, mask_policy="keep_fraction")
    assert "keep_fraction" in context.spec.sources
    assert "max_offset" not in context.spec.sources
    work(context)
    assert all("keep_fraction" in trial.params for trial in read_trials(context.files))


def fixed_params(home: Path, conf: dict[str, Any]) -> None:
    context = prepare(home, **{**conf, "fixed_params": {**SMALL, "max_offset": 3, "dropout": 0.2}})
    work(context)
    assert {(trial.params["max_offset"], trial.params["dropout"]) for trial in read_trials(context.files)} == {(3, 0.2)}


def search(home: Path, conf: dict[str, Any]) -> None:
    context = prepare(home, **conf)
    assert context.spec.search.value == conf["search"]


def seed(home: Path, conf: dict[str, Any]) -> None:
    found = []
    for name, value in (("one", 1), ("two", 2)):
        context = prepare(home / name, **{**conf, "seed": value})
        work(context)
        found.append([trial.params for trial in read_trials(context.files)])
    assert found[0] != found[1]


def survivors_path(home: Path, conf: dict[str, Any]) -> None:
    with pytest.raises(PoolError, match=r"other\.npz"):
        prepare(home, **conf, survivors_path="other.npz")


def min_gpus(home: Path, conf: dict[str, Any]) -> None:
    context = prepare(home, **conf, min_gpus=3)
    with pytest.raises(NoSlots, match="the run needs 3"):
        gpu_slots(context.inventory(), {"head": 60.0}, context.spec.min_gpus)


def min_completion(home: Path, conf: dict[str, Any]) -> None:
    context = prepare(home, **conf, min_completion=0.6)
    work(context, lambda number: number == 1)
    with pytest.raises(Unreconciled, match=r"min_completion is 100.0%"):
        work(prepare(home / "whole", **conf, min_completion=1.0), lambda number: number == 1)


def min_lift(home: Path, conf: dict[str, Any]) -> None:
    assert rules(prepare(home, **conf, min_lift=1.5)).min_lift == 1.5


def evidence_permutations(home: Path, conf: dict[str, Any]) -> None:
    assert prepare(home, **conf, evidence_permutations=3).spec.evidence_permutations == 3  # see evidence/test_gather.py


def rules(context: RunContext) -> Rules:
    """Return what the gate holds the run to."""
    return Rules.of(context.spec, context.record.worker_sha256, context.record.pool_sha256)


def trial_timeout_s(home: Path, conf: dict[str, Any]) -> None:
    context = prepare(home, **conf, trial_timeout_s=77.0)
    assert work(context).timeouts == {77.0}
    assert work(prepare(home / "derived", **conf), slot=Slot("rig", 0, 88.0)).timeouts == {88.0}


def require_approval(home: Path, conf: dict[str, Any]) -> None:
    assert prepare(home, **conf, require_approval=True).spec.require_approval


EFFECTS: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    effect.__name__: effect
    for effect in (
        *(n_trials, sample_size, mask_policy, fixed_params, search, seed, survivors_path),
        *(min_gpus, min_completion, min_lift, evidence_permutations, trial_timeout_s, require_approval),
    )
}
REFUSED = {"n_trials", "seed", "min_completion"}
"""What a sweep could not heed; a completion of all is heeded."""


def test_these_tests_know_every_key() -> None:
    assert set(EFFECTS) == set(RunConf.model_fields)


@pytest.mark.slow
@pytest.mark.parametrize("engine", list(SearchEngine))
@pytest.mark.parametrize("key", sorted(EFFECTS))
def test_a_key_that_is_given_has_its_effect_or_is_refused(tmp_path: Path, key: str, engine: SearchEngine) -> None:
    if traits_of(engine).walks_grid and key in REFUSED:
        with pytest.raises(SpecError, match=rf"^conf: {key} is .*, but a sweep .* Leave {key} out"):
            EFFECTS[key](tmp_path, QUICK[engine])
    else:
        EFFECTS[key](tmp_path, QUICK[engine])
