"""The checks of the trials, each passing and failing, with what it tells the operator."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from scorer_core.gate.case import Case
from scorer_core.gate.checks.check import Check, not_evaluated
from scorer_core.gate.checks.trials import check_alive, check_complete, check_consistent
from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.policies import MaskPolicy
from tests.scorer_core.gate.cases import Configs, MakeRules, RunTrials, Trials
from tests.support.trials import scored


@pytest.fixture
def run(trials: RunTrials, planted: Case, configs: Configs) -> Trials:
    return trials(planted.pool, configs)


def assert_passes(check: Check, *words: str) -> Check:
    assert check.passed is True, check.meaning
    return assert_says(check, *words)


def assert_fails(check: Check, *words: str) -> Check:
    assert check.passed is False, check.meaning
    return assert_says(check, *words)


def assert_says(check: Check, *words: str) -> Check:
    for word in words:
        assert word in check.meaning
    assert json.loads(json.dumps(asdict(check))) == asdict(check)
    return check


def without_result(trial: Trial, state: str = "failed") -> Trial:
    return replace(trial, state=TicketState(state), evaluation=None, worker_sha256=None, pool_sha256=None)


def test_a_run_is_complete_when_every_ticket_gave_a_result(rules: MakeRules, run: Trials) -> None:
    check = assert_passes(check_complete(rules(), run), "6 of 6 trials gave a result")
    assert check.observed == {"done": 6, "unaccounted": 0, "surplus": 0, "completion": 1.0}


def test_a_sweep_is_complete_in_words_of_shards(rules: MakeRules, run: Trials) -> None:
    assert_passes(check_complete(rules(unit="shard"), run), "6 of 6 shards gave a result")
    assert_fails(check_complete(rules(unit="shard"), [without_result(run[0]), *run[1:]]), "Only 5 of 6 shards")


def test_a_few_recorded_failures_leave_a_run_complete(rules: MakeRules, run: Trials) -> None:
    failed = [without_result(run[0]), *run[1:]]
    assert_passes(check_complete(rules(min_completion=5 / 6), failed), "5 of 6 trials gave a result")
    assert_fails(check_complete(rules(min_completion=0.95), failed), "Only 5 of 6 trials gave a result", "run again")


def test_completion_of_exactly_the_minimum_is_enough(rules: MakeRules, run: Trials) -> None:
    nineteen = [replace(run[0], number=number) for number in range(19)]
    twenty = [*nineteen, replace(without_result(run[0]), number=19)]
    assert_passes(check_complete(rules(n_trials=20, min_completion=0.95), twenty))


@pytest.mark.parametrize("state", ["leased", "open", "done"])
def test_a_ticket_without_an_end_is_unaccounted_for(rules: MakeRules, run: Trials, state: str) -> None:
    odd = [*run[:2], without_result(run[2], state), *run[3:]]
    assert_fails(check_complete(rules(min_completion=0.5), odd), "1 ticket (2)", "resume the run")


def test_a_result_that_is_not_a_number_is_no_result(rules: MakeRules, run: Trials) -> None:
    odd = [scored(run[0], float("nan")), *run[1:]]
    assert_fails(check_complete(rules(min_completion=0.5), odd), "1 ticket (0)")


def test_missing_tickets_are_named_the_first_five(rules: MakeRules, run: Trials) -> None:
    check = assert_fails(check_complete(rules(n_trials=20), run), "14 tickets (6, 7, 8, 9, 10, …)")
    assert check.observed["unaccounted"] == 14


@pytest.mark.parametrize("number", [3, 6, -1])
def test_tickets_recorded_twice_or_never_asked_for_are_refused(rules: MakeRules, run: Trials, number: int) -> None:
    check = assert_fails(
        check_complete(rules(), [*run, replace(run[0], number=number)]), f"1 ticket ({number})", "twice"
    )
    assert check.observed["surplus"] == 1


def test_a_run_is_consistent_when_all_results_are_its_own(rules: MakeRules, run: Trials) -> None:
    check = assert_passes(check_consistent(rules(), run), "one sample size, one worker, one pool and one mask policy")
    assert check.observed["sample_size"] == [500]
    assert check.needed == {
        "sample_size": 500,
        "worker_sha256": "a" * 12,
        "pool_sha256": "b" * 12,
        "mask_policy": "keep_fraction",
        "outside_the_space": 0,
    }


def test_a_failed_ticket_has_nothing_to_be_consistent_with(rules: MakeRules, run: Trials) -> None:
    assert_passes(check_consistent(rules(), [without_result(run[0]), *run[1:]]))


def test_a_run_on_all_rows_is_consistent_with_itself_only(rules: MakeRules, run: Trials) -> None:
    whole = [replace(trial, sample_size=None) for trial in run]
    assert_passes(check_consistent(rules(sample_size=None), whole))
    check = assert_fails(check_consistent(rules(), whole), "sample_size")
    assert (check.observed["sample_size"], check.needed["sample_size"]) == (["all"], 500)


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("sample_size", 450),
        ("worker_sha256", "c" * 64),
        ("worker_sha256", "a" * 63 + "c"),
        ("worker_sha256", None),
        ("pool_sha256", "c" * 64),
        ("mask_policy", MaskPolicy.MAX_OFFSET),
    ],
)
def test_one_stray_result_makes_a_run_inconsistent(rules: MakeRules, run: Trials, fact: str, value: object) -> None:
    changed: dict[str, Any] = {fact: value}
    stray = [*run[:5], replace(run[5], **changed)]
    check = assert_fails(check_consistent(rules(), stray), f"run's own {fact},")
    assert len(check.observed[fact]) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("residue_mod_1", 40), ("hidden_layers", "; rm -rf /"), ("dropout", float("nan")), ("batch_size", True), ("x", 1)],
)
def test_a_result_for_parameters_outside_the_space_is_nobodys(
    rules: MakeRules, run: Trials, name: str, value: Any
) -> None:
    strange = [*run[:4], replace(run[4], params={**run[4].params, name: value}), run[5]]
    check = assert_fails(
        check_consistent(rules(), strange), "outside the search space, the first of them trial 4", name
    )
    assert check.observed["outside_the_space"] == 1


def test_a_result_without_one_of_the_parameters_is_nobodys(rules: MakeRules, run: Trials) -> None:
    params = {name: value for name, value in run[0].params.items() if name != "dropout"}
    assert_fails(check_consistent(rules(), [replace(run[0], params=params), *run[1:]]), "dropout is missing")


def test_a_run_that_agrees_on_the_wrong_worker_is_inconsistent(rules: MakeRules, run: Trials) -> None:
    assert_fails(
        check_consistent(rules(worker_sha256="d" * 64, sample_size=5000), run), "sample_size and worker_sha256"
    )


def test_a_run_without_results_is_inconsistent(rules: MakeRules, run: Trials) -> None:
    assert_fails(check_consistent(rules(), [without_result(trial) for trial in run]), "no result whose origin")


def test_a_run_is_alive_when_masks_are_accepted_with_different_objectives(run: Trials) -> None:
    check = assert_passes(check_alive(run), "5 of 6 masks were accepted, with 5 different objectives")
    assert check.needed == {"accepted": 1, "distinct_objectives": 2}


def test_a_constant_objective_is_dead_whatever_was_rejected(run: Trials) -> None:
    dull = [scored(trial, 0.31) if trial.accepted else trial for trial in run]
    assert_fails(check_alive(dull), "same objective", "suspect the worker")


def test_a_run_with_all_masks_rejected_is_dead(run: Trials) -> None:
    rejected = [scored(trial, -1.0, Reason.TOO_SMALL) for trial in run]
    assert_fails(check_alive(rejected), "Only 0 of 6 masks were accepted")
    assert_fails(check_alive([]), "Only 0 of 0 masks were accepted")


@pytest.mark.parametrize(("accepted", "enough"), [(6, False), (7, True)])
def test_at_least_five_percent_of_the_masks_must_be_accepted(run: Trials, accepted: int, enough: bool) -> None:
    many = [
        scored(run[0], number / 1000, number=number)
        if number < accepted
        else scored(run[0], -1.0, Reason.TOO_SMALL, number=number)
        for number in range(140)
    ]
    check = check_alive(many)
    assert check.needed["accepted"] == 7
    (assert_passes if enough else assert_fails)(check, f"{accepted} of 140")


def test_a_single_trial_is_not_blamed_for_being_alone(run: Trials) -> None:
    assert_passes(check_alive(run[:1]), "1 of 1 masks were accepted")


def test_a_check_not_evaluated_says_why() -> None:
    check = assert_says(not_evaluated("real", "alive"), "Not evaluated", "the check alive failed")
    assert check.passed is None
