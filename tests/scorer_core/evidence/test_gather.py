"""The evidence of a run: overlap, importance, bounds; what a sweep leaves out; and JSON without NaN."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from scorer_core.conf import HEAD_PERMUTATIONS
from scorer_core.evidence import gather as gather_module
from scorer_core.evidence.bounds import at_bounds
from scorer_core.evidence.chance import Chance
from scorer_core.evidence.gather import Asked, gather, permutations_of
from scorer_core.evidence.importance import FEWEST_TRIALS, importance
from scorer_core.evidence.plateau import plateau
from scorer_core.gate.decision import Candidate
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import UNSEEN_DEFAULTS, objective_params
from scorer_core.scoring.sweep.chance import Permutations
from scorer_core.spec import RunSpec

POLICY = MaskPolicy.MAX_OFFSET
WHAT_IS_TOLD = {"schema", "chance", "sensitivity", "mask", "by_trial", "plateau", "importance", "at_bounds", "optimum"}


def test_the_ten_best_are_one_finding_as_far_as_they_keep_the_same_rows(
    null_pool: Pool, null_trials: list[Trial]
) -> None:
    told = plateau(null_trials, null_pool, POLICY)
    assert told is not None
    first, second = (null_trials[number] for number in told["trials"][:2])
    ours, theirs = (residue_mask(null_pool.seeds, trial.params, POLICY).kept for trial in (first, second))

    assert len(told["trials"]) == 10
    assert first.score.objective == max(trial.score.objective for trial in null_trials)
    assert told["overlap_with_the_best"][0] == (ours & theirs).sum() / (ours | theirs).sum()


def test_of_the_ten_best_nothing_is_told_that_labels_say(null_pool: Pool, null_trials: list[Trial]) -> None:
    """Ten lifts beside a verdict on one config invite to pick another: the candidate alone is measured."""
    other_labels = replace(null_pool, minority=~null_pool.minority)

    assert plateau(null_trials, other_labels, POLICY) == plateau(null_trials, null_pool, POLICY)


def test_one_config_alone_or_over_and_over_overlaps_with_nothing(null_pool: Pool, null_trials: list[Trial]) -> None:
    best = max(null_trials, key=lambda trial: trial.score.objective)

    assert plateau([best, replace(best, number=999)], null_pool, POLICY) is None


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


def asked(most_swept: int = 0) -> Asked:
    return Asked(number=1, alpha_j=0.006, strata=StrataRule.TRIAL, most_swept=most_swept)


@pytest.mark.slow
def test_labels_are_permuted_as_often_as_the_operator_says_and_else_where_it_is_little_work(
    monkeypatch: pytest.MonkeyPatch, planted_pool: Pool, planted_trials: list[Trial]
) -> None:
    best = max(planted_trials, key=lambda trial: trial.score.objective)
    assert best.evaluation is not None
    candidate = Candidate(best.number, best.params, best.evaluation)
    counted: list[int] = []

    def chance(*arguments: Any) -> Chance:
        which: Permutations = arguments[2]
        counted.append(len(which.numbers))
        return Chance(1.0, (0.5,) * len(which.numbers), 7, len(which.numbers))

    monkeypatch.setattr(gather_module, "space_by_chance", chance)
    for most_swept, given in ((0, None), (0, 3), (len(planted_pool), None), (len(planted_pool), 0)):
        spec = RunSpec.from_conf({"evidence_permutations": given})
        told = gather(planted_trials, candidate, planted_pool, spec, asked(most_swept))
        assert (told["chance"] is None) is ((given or 0) + most_swept == 0 or given == 0)

    assert counted == [3, HEAD_PERMUTATIONS]


@pytest.mark.parametrize(("policy", "most"), [("max_offset", 100_000), ("keep_fraction", 325)])
def test_nobody_waits_for_permutations_that_he_did_not_ask_for(policy: str, most: int) -> None:
    """A row of keep_fraction votes 300 times as often."""
    spec = RunSpec.from_conf({"mask_policy": policy})

    assert permutations_of(spec, most, 100_000) == HEAD_PERMUTATIONS
    assert permutations_of(spec, most + 1, 100_000) == 0


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["tpe", "sweep"])
def test_it_is_all_json_and_a_sweep_leaves_out_what_does_not_hold_for_it(
    planted_pool: Pool, planted_trials: list[Trial], engine: str
) -> None:
    best = max(planted_trials, key=lambda trial: trial.score.objective)
    assert best.evaluation is not None
    candidate = Candidate(best.number, best.params, best.evaluation)

    told = gather(planted_trials, candidate, planted_pool, RunSpec.from_conf({"search": engine}), asked())

    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert set(told) == WHAT_IS_TOLD, "is it of the candidate and the space, and of no other config?"
    assert (told["importance"] is None) is (engine == "sweep")
    assert told["plateau"] is not None
    curve = told["sensitivity"]
    assert [one["real"] for one in curve] == sorted(one["real"] for one in curve)
    by_trial = told["by_trial"]
    assert 0 < len(by_trial["trials"]) <= by_trial["with_both_labels"]
    assert all(one["minority_kept"] <= one["kept"] <= one["rows"] for one in by_trial["trials"])
