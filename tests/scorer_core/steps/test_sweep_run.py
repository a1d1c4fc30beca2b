"""A sweep is a run like any other: tickets, study, gate; and its answer is the optimum of the pool."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import optuna
import pytest

from scorer_core.context import RunContext
from scorer_core.errors import ResultConflict, Unreconciled
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.slot import Slot
from scorer_core.run.trials import read_trials
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import UNSEEN_DEFAULTS, objective_params
from scorer_core.scoring.sweep.outcome import Ranked
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.scoring.trial import TrialRequest, evaluate
from scorer_core.search.in_process import InProcessRunner
from scorer_core.search.lane import Lane
from scorer_core.search.swept import fronts_of
from scorer_core.steps.collect import collect
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.report import report
from tests.support.prepared import SHARDS
from tests.support.runs import prepare, run_trials, sample_pool

pytestmark = pytest.mark.slow


def runner(context: RunContext) -> InProcessRunner:
    pool, run = context.files.pool.read_pool(), context.record
    return InProcessRunner(pool, worker_sha256=run.worker_sha256, pool_sha256=run.pool_sha256, cache_bytes=2**20)


def sweep(context: RunContext) -> RunContext:
    Lane(Slot("head", 0), context.ledger, context.record, timedelta(seconds=30)).work(runner(context))
    return context


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    """A collected sweep of a small planted pool, after a run of twenty random trials on the same pool."""
    home, pool = tmp_path_factory.mktemp("swept"), sample_pool(size=3000)
    sampled = prepare(home, pool, "sampled", sample_size=None)
    run_trials(sampled)
    collect(sampled, None)
    quality_gate(sampled)
    context = sweep(prepare(home, pool, "swept", search="sweep"))
    collect(context, None)
    quality_gate(context)
    report(context)
    report(sampled)
    return context


def test_each_shard_is_a_complete_trial_of_the_study(swept: RunContext) -> None:
    study = optuna.load_study(study_name="scorer/swept", storage=swept.settings.database_url)

    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * SHARDS
    assert swept.files.collected.read_json()["reported"] == SHARDS
    pool = swept.files.pool.read_pool()
    for trial in itertools.islice(study.trials, 0, SHARDS, 3):
        low, high = shard_params(MaskPolicy.MAX_OFFSET, trial.number, count=SHARDS).values()
        assert low <= trial.params["residue_mod_3"] <= high
        request = TrialRequest(trial.number, trial.params, None, MaskPolicy.MAX_OFFSET)
        assert trial.value == evaluate(pool, request).score.objective


def test_the_best_trial_is_the_optimum_and_the_gates_candidate(swept: RunContext) -> None:
    record = swept.files.sweep.read_json()
    verdict = swept.files.verdict.read_json()
    trials = read_trials(swept.files)

    assert record["configs"] == sum(record["by_reason"].values()) == 24_264_240
    assert record["shards"] == {"swept": SHARDS, "of": SHARDS}
    optimum = record["top"][0]
    assert [entry["objective"] for entry in record["top"]] == sorted(
        (entry["objective"] for entry in record["top"]), reverse=True
    )
    assert optimum["objective"] == max(trial.score.objective for trial in trials)
    assert verdict["candidate"]["params"] == optimum["params"]
    assert {name: optimum["params"][name] for name in UNSEEN_DEFAULTS} == UNSEEN_DEFAULTS


def test_the_config_says_of_each_parameter_where_it_came_from(swept: RunContext) -> None:
    context = swept.files.config.read_json()["_run_context"]

    seen = dict.fromkeys(objective_params(MaskPolicy.MAX_OFFSET), "searched")
    assert context["parameter_sources"] == seen | dict.fromkeys(UNSEEN_DEFAULTS, "default")
    assert (context["search"], context["budget"], context["sample_size"]) == ("sweep", SHARDS, None)


def test_both_runs_know_by_how_much_sampling_fell_short(swept: RunContext) -> None:
    sampled = RunContext.load("sampled", swept.settings)
    told = swept.files.summary.read_json()["regret"]

    assert told["optimum"]["run_id"] == "swept"
    assert told["sampled"]["run_id"] == "sampled"
    assert told["regret"] == told["optimum"]["objective"] - told["sampled"]["objective"] >= 0
    assert sampled.files.summary.read_json()["regret"] == told


def test_a_lane_that_dies_in_mid_sweep_does_not_change_the_answer(tmp_path: Path, swept: RunContext) -> None:
    context = prepare(tmp_path, sample_pool(size=3000), "killed", search="sweep")
    first = Lane(Slot("rig-a", 0), context.ledger, context.record, timedelta(seconds=30))

    class Killed(Exception):
        pass

    class Dying(InProcessRunner):
        """Computes seven shards, and is gone in the middle of the eighth, which stays leased."""

        left = 7

        def run(self, request: TrialRequest | ShardRequest, timeout_s: float) -> TrialResult:
            self.left -= 1
            if self.left < 0:
                raise Killed
            return super().run(request, timeout_s)

    pool, run = context.files.pool.read_pool(), context.record
    dying = Dying(pool, worker_sha256=run.worker_sha256, pool_sha256=run.pool_sha256, cache_bytes=2**20)
    with pytest.raises(Killed):
        first.work(dying)
    Lane(Slot("rig-a", 0), context.ledger, context.record, timedelta(seconds=30)).work(runner(context))
    collect(context, None)

    assert context.files.sweep.read_json() == swept.files.sweep.read_json()
    assert [ticket.attempts for ticket in context.ledger.tickets("killed")][6:9] == [1, 2, 1]


def test_a_sweep_with_a_missing_shard_is_no_sweep(tmp_path: Path) -> None:
    context = prepare(tmp_path, sample_pool(size=3000), search="sweep")
    run = runner(context)
    for number in range(SHARDS - 1):
        params = shard_params(MaskPolicy.MAX_OFFSET, number, count=SHARDS)
        context.ledger.claim("run-1", Slot("head", 0), timedelta(seconds=60))
        context.ledger.assign("run-1", number, dict(params))
        if number % 5 == 0:  # the others may stay unfinished: one would be enough
            context.ledger.record("run-1", run.run(ShardRequest(number, params, MaskPolicy.MAX_OFFSET), 60.0))

    with pytest.raises(Unreconciled, match="tickets are unaccounted for"):
        collect(context, None)


def test_a_rig_whose_arithmetic_differs_is_found_out(tmp_path: Path) -> None:
    context = prepare(tmp_path, sample_pool(size=3000), search="sweep")
    request = ShardRequest(0, shard_params(MaskPolicy.MAX_OFFSET, 0, count=SHARDS), MaskPolicy.MAX_OFFSET)
    true = runner(context).run(request, 60.0)
    first, *rest = (Ranked.from_json(one) for one in true.evaluation["top"])
    other = replace(first, objective=first.objective + 1e-16 + abs(first.objective) * 1e-15)
    wrong = {**true.evaluation, "top": [one.to_json() for one in (other, *rest)]}
    context.ledger.claim("run-1", Slot("head", 0), timedelta(seconds=60))
    context.ledger.assign("run-1", 0, dict(request.params))
    context.ledger.record("run-1", replace(true, evaluation=wrong))

    with pytest.raises(ResultConflict, match=r"shard 0: .* the head computes"):
        collect(context, None)


def test_a_config_outside_the_space_is_never_a_contender(swept: RunContext) -> None:
    """A rig that has been tampered with names one that is real, but that nobody paid for."""
    record = swept.files.sweep.read_json()
    fronts, widest = fronts_of(record, MaskPolicy.MAX_OFFSET)
    assert len(fronts) == 6
    assert widest is not None

    record["fronts"][3][0][0] = 4

    with pytest.raises(ResultConflict, match="outside the space: parameter residue_mod_1 is 4"):
        fronts_of(record, MaskPolicy.MAX_OFFSET)
