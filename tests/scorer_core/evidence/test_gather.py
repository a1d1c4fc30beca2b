"""The evidence of a run: optimism, importance, bounds; what a sweep leaves out; and JSON without NaN."""

from __future__ import annotations

import json

import numpy as np
import pytest

from scorer_core.evidence.bounds import at_bounds
from scorer_core.evidence.gather import gather
from scorer_core.evidence.importance import FEWEST_TRIALS, importance
from scorer_core.evidence.optimism import lift_curve
from scorer_core.gate.candidate import choose_candidate, finalists
from scorer_core.gate.holdout import measure
from scorer_core.pool.split import split_pool
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import UNSEEN_DEFAULTS, objective_params
from scorer_core.spec import RunSpec

POLICY = MaskPolicy.MAX_OFFSET


def test_what_the_search_climbed_on_noise_was_luck(null_pool: Pool, null_trials: list[Trial]) -> None:
    split = split_pool(null_pool)

    told = lift_curve(finalists(null_trials, POLICY), split.search, split.holdout, POLICY)

    assert len(told["finalists"]) == 10
    first = told["finalists"][0]
    trial = next(trial for trial in null_trials if trial.number == first["trial"])
    assert first["search_lift"] == measure(split.search, trial.params, POLICY).lift
    assert first["holdout_lift"] == measure(split.holdout, trial.params, POLICY).lift
    assert told["mean_optimism"] == pytest.approx(np.mean([one["optimism"] for one in told["finalists"]]))


def test_without_a_look_at_the_holdout_there_is_no_optimism(null_pool: Pool, null_trials: list[Trial]) -> None:
    told = lift_curve(finalists(null_trials, POLICY), null_pool, None, POLICY)

    assert told["mean_optimism"] is None
    assert {one["holdout_lift"] for one in told["finalists"]} == {None}


@pytest.mark.slow
def test_only_what_was_searched_has_a_share_of_the_importance(planted_trials: list[Trial]) -> None:
    shares = importance(planted_trials, POLICY, UNSEEN_DEFAULTS)

    assert shares is not None
    assert {one["name"] for one in shares} == set(objective_params(POLICY))
    assert all(one["seen"] for one in shares)
    assert sum(one["share"] for one in shares) == pytest.approx(1.0)
    assert shares[0]["share"] > 1 / 4


def test_too_few_trials_or_equal_ones_have_no_importance(planted_trials: list[Trial]) -> None:
    assert importance(planted_trials[: FEWEST_TRIALS - 1], POLICY) is None
    assert importance([planted_trials[0]] * 30, POLICY) is None


def test_parameters_at_a_bound_are_named_with_their_role() -> None:
    params = {
        "residue_mod_1": 20,
        "residue_mod_2": 51,
        "residue_mod_3": 500,
        "max_offset": 7,
        "dropout": 0.497,
        "learning_rate": 1.04e-4,
        "batch_size": 128,
        "min_confidence_threshold": 0.15,
    }

    told = {one["name"]: (one["bound"], one["seen"]) for one in at_bounds(params, POLICY)}
    searched = {one["name"] for one in at_bounds(params, POLICY, held={"residue_mod_3", *UNSEEN_DEFAULTS})}

    assert told == {
        "residue_mod_1": ("high", True),
        "residue_mod_3": ("low", True),
        "dropout": ("high", False),
        "learning_rate": ("low", False),
    }
    assert searched == {"residue_mod_1"}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["tpe", "sweep"])
def test_it_is_all_json_and_a_sweep_leaves_out_what_does_not_hold_for_it(
    planted_pool: Pool, planted_trials: list[Trial], engine: str
) -> None:
    candidate = choose_candidate(planted_trials, planted_pool, POLICY)
    assert candidate is not None

    told = gather(planted_trials, candidate, planted_pool, None, RunSpec.from_conf({"search": engine}), most_swept=0)

    assert json.loads(json.dumps(told, allow_nan=False)) == told
    left_out = {name for name in ("null_of_best", "max_t", "importance") if told[name] is None}
    assert left_out == ({"null_of_best", "max_t", "importance"} if engine == "sweep" else set())
    assert (told["left_out"] is not None) is (engine == "sweep")
