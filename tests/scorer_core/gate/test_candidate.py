"""Which config is allowed to see the holdout: the finalists, their order, their ties."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from scorer_core.gate.candidate import FINALISTS, choose_candidate, finalists
from scorer_core.gate.case import Case, TrialFacts
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.trial import TrialRequest, evaluate
from tests.scorer_core.gate.cases import Configs, MakeConfig, RunTrials
from tests.support.values import there

POLICY = MaskPolicy.KEEP_FRACTION


@pytest.fixture
def search(planted: Case) -> Pool:
    return planted.search


def numbers(found: Iterable[TrialFacts]) -> list[int]:
    return [trial.number for trial in found]


def test_the_ten_best_objectives_go_on_best_first(trials: RunTrials, search: Pool, config: MakeConfig) -> None:
    drawn = trials(search, [config(mod_1=5 + number) for number in range(14)])
    run = [replace(trial, objective=trial.number % 7 / 10) for trial in drawn]
    assert FINALISTS == 10
    assert numbers(finalists(run, POLICY)) == [6, 13, 5, 12, 4, 11, 3, 10, 2, 9]
    assert finalists(reversed(run), POLICY) == finalists(run, POLICY)


def test_configs_are_distinct_in_what_the_objective_sees(trials: RunTrials, search: Pool, config: MakeConfig) -> None:
    # Given one mask three times, twice with another dropout, and another mask,
    drawn = trials(search, [config(), config(dropout=0.1), config(mod_1=11), config(dropout=0.5)])
    run = [replace(trial, objective=score) for trial, score in zip(drawn, [0.1, 0.4, 0.2, 0.4], strict=True)]
    # then the mask stands once, for its best and, of two equals, its first trial.
    assert numbers(finalists(run, POLICY)) == [1, 2]


@pytest.mark.parametrize("change", [{"state": "failed"}, {"objective": None}, {"objective": float("nan")}])
def test_trials_without_a_result_do_not_compete(
    trials: RunTrials, search: Pool, configs: Configs, change: dict[str, Any]
) -> None:
    first, *others = trials(search, configs)
    assert 0 not in numbers(finalists([replace(first, **change), *others], POLICY))


def test_the_candidate_is_the_best_on_all_search_rows_not_in_the_samples(
    trials: RunTrials, search: Pool, configs: Configs
) -> None:
    # Given a run whose samples put another config before the planted one,
    run = [replace(trial, objective=0.9 - trial.number / 100) for trial in trials(search, configs)]
    candidate = there(choose_candidate(run, search, POLICY))
    # then the rows decide: the planted config is the candidate, with all its parameters.
    assert candidate.trial_number == 3
    assert candidate.params == configs[3]
    assert candidate.evaluation == evaluate(search, TrialRequest(3, configs[3], None, POLICY))
    assert candidate.evaluation.score.objective == max(
        evaluate(search, TrialRequest(0, each, None, POLICY)).score.objective for each in configs
    )


def test_a_tie_on_all_search_rows_goes_to_the_lower_trial_number(
    trials: RunTrials, search: Pool, config: MakeConfig
) -> None:
    # Given the same mask under two configs (a third modulus swapped in for the second),
    drawn = trials(search, [config(7, 50, 500), config(10, 100, 1000), config(10, 1000, 100)])
    run = [replace(trial, objective=trial.number / 10) for trial in drawn]
    assert numbers(finalists(run, POLICY)) == [2, 1, 0]
    assert there(choose_candidate(run, search, POLICY)).trial_number == 1


def test_an_eleventh_config_has_no_second_chance(
    trials: RunTrials, search: Pool, configs: Configs, config: MakeConfig
) -> None:
    drawn = trials(search, [*(config(5 + n, 51 + n, 501 + n) for n in range(10)), configs[3]])
    run = [replace(trial, objective=0.5 - trial.number / 100) for trial in drawn]
    assert there(choose_candidate(run, search, POLICY)).trial_number != 10


def test_a_config_rejected_on_all_rows_is_no_candidate(trials: RunTrials, search: Pool, configs: Configs) -> None:
    *_, keeps_most = [replace(trial, objective=0.9, reason=Reason.OK) for trial in trials(search, configs)]
    assert choose_candidate([keeps_most], search, POLICY) is None
    assert choose_candidate([], search, POLICY) is None
