"""Which config a trial tries: inside the space, the same for the same seed, and learned from what came before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from scorer_core.engines import SearchEngine
from scorer_core.ledger.records import Ticket
from scorer_core.run.trials import TicketState
from scorer_core.scoring.params import ChoiceParam, FloatParam, IntParam
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import MODULI, UNSEEN_DEFAULTS, objective_params, objective_space, search_space
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.search import sampler
from scorer_core.search.sampler import Suggester, asked_space, distributions, known_trial
from scorer_core.spec import RunSpec
from tests.support.tickets import PARAMS, result, spec

TPE, RANDOM = SearchEngine.TPE, SearchEngine.RANDOM


def seen(params: dict[str, Any] | None) -> dict[str, Any]:
    """Return what is searched of a config: what the objective sees."""
    return {name: (params or {})[name] for name in objective_params(MaskPolicy.MAX_OFFSET)}


def suggest(run_spec: RunSpec, number: int, tickets: Iterable[Ticket]) -> dict[str, Any]:
    """Ask once, with nothing remembered."""
    return Suggester(run_spec).suggest(number, tickets)


def ticket(number: int, state: TicketState, params: dict[str, Any] | None, objective: float = 0.0) -> Ticket:
    done = result(number, params, objective) if state is TicketState.DONE and params else None
    return Ticket(number, state, "rig · gpu 0", 1, params, done, None)


def history(n: int, objective: Callable[[dict[str, Any]], float], seed: int = 1) -> list[Ticket]:
    """Return finished tickets with random configs."""
    configs = [suggest(spec(n, RANDOM, seed=seed), number, ()) for number in range(n)]
    return [ticket(number, TicketState.DONE, config, objective(config)) for number, config in enumerate(configs)]


def near(centre: int) -> Callable[[dict[str, Any]], float]:
    """Return an objective that is best when residue_mod_2 is `centre`."""
    return lambda params: 0.5 - abs(params["residue_mod_2"] - centre) / 100


@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_optunas_space_is_ours(policy: MaskPolicy) -> None:
    ours = search_space(policy)
    optunas = distributions(policy)

    assert list(optunas) == [param.name for param in ours]
    for param in ours:
        theirs = optunas[param.name]
        if isinstance(param, IntParam):
            assert theirs == IntDistribution(param.low, param.high, log=False, step=1)
        elif isinstance(param, FloatParam):
            assert theirs == FloatDistribution(param.low, param.high, log=param.log, step=param.step)
        else:
            assert isinstance(param, ChoiceParam)
            assert theirs == CategoricalDistribution(param.choices)


@pytest.mark.parametrize("search", [TPE, RANDOM])
@settings(max_examples=25)
@given(policy=st.sampled_from(MaskPolicy), seed=st.integers(0, 2**31 - 1), number=st.integers(0, 99_999))
def test_every_parameter_is_there_and_in_range(
    search: SearchEngine, policy: MaskPolicy, seed: int, number: int
) -> None:
    params = suggest(spec(search=search, mask_policy=policy, seed=seed), number, ())

    assert list(params) == [param.name for param in search_space(policy)]
    assert [param.name for param in search_space(policy) if not param.contains(params[param.name])] == []


@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_what_tpe_asks_for_after_it_has_learned_is_in_range(policy: MaskPolicy) -> None:
    wanted = spec(search=TPE, mask_policy=policy)
    known: list[Ticket] = []
    for number in range(25):
        params = suggest(wanted, number, known)
        assert [param.name for param in search_space(policy) if not param.contains(params[param.name])] == []
        known.append(ticket(number, TicketState.DONE, params, near(70)(params)))


@pytest.mark.parametrize("search", [TPE, RANDOM])
def test_what_the_run_holds_is_in_every_config_and_is_no_dimension_of_the_search(search: SearchEngine) -> None:
    wanted = spec(search=search, fixed_params={"residue_mod_2": 77, "dropout": 0.2})
    configs = [suggest(wanted, number, ()) for number in range(10)]

    assert {(config["residue_mod_2"], config["dropout"]) for config in configs} == {(77, 0.2)}
    assert [{name: config[name] for name in UNSEEN_DEFAULTS} for config in configs] == [
        {**UNSEEN_DEFAULTS, "dropout": 0.2}
    ] * 10
    assert set(distributions(wanted.mask_policy, wanted.held)) == {"residue_mod_1", "residue_mod_3", "max_offset"}


def test_the_fractions_that_are_asked_for_are_those_that_a_sweep_walks() -> None:
    wanted = spec(search=RANDOM, mask_policy=MaskPolicy.KEEP_FRACTION)
    asked = {suggest(wanted, number, ())["keep_fraction"] for number in range(600)}

    assert asked == set(full_grid(MaskPolicy.KEEP_FRACTION).reaches)


def test_a_random_search_depends_on_seed_and_number_alone() -> None:
    wanted = spec(search=RANDOM, seed=3)
    alone = [suggest(wanted, number, ()) for number in range(5)]

    after_others = [suggest(wanted, number, history(12, near(70))) for number in reversed(range(5))]
    another_seed = [suggest(spec(search=RANDOM, seed=4), number, ()) for number in range(5)]

    assert after_others[::-1] == alone
    assert all(one != other for one, other in zip(alone, another_seed, strict=True))
    assert len({str(params) for params in alone}) == 5


def test_a_random_search_covers_the_range() -> None:
    asked = [suggest(spec(search=RANDOM), number, ())["residue_mod_2"] for number in range(400)]

    assert 90 < sum(asked) / len(asked) < 110, "the middle of 50 to 150"
    assert min(asked) < 55
    assert max(asked) > 145


@pytest.mark.slow
def test_learning_is_real_early_results_change_late_parameters() -> None:
    wanted = spec(100, TPE)
    low, high = history(30, near(60)), history(30, near(140))
    assert [t.params for t in low] == [t.params for t in high], "the two histories differ in their results only"

    late = range(30, 40)

    assert all(suggest(wanted, number, low) != suggest(wanted, number, high) for number in late)
    assert all(suggest(wanted, number, low) == suggest(wanted, number, low) for number in late), "seeded"


@pytest.mark.slow
@pytest.mark.parametrize("centre", [65, 135])
def test_late_trials_concentrate_where_early_ones_were_good(centre: int) -> None:
    known = history(60, near(centre))

    close = {
        search: sum(
            abs(suggest(spec(100, search), number, known)["residue_mod_2"] - centre) <= 15 for number in range(60, 100)
        )
        for search in (TPE, RANDOM)
    }

    assert close[TPE] >= 28, "of 40 trials"
    assert close[RANDOM] <= 20, "31 of 101 values are as close"


class Witness(RandomSampler):
    """Notes what a sampler is shown when it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[TrialState, dict[str, Any], float | None]] = []

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self.seen = [(one.state, one.params, one.value) for one in study.trials if one.number != trial.number]


def test_finished_trials_are_told_with_their_values_and_leased_ones_as_running(monkeypatch: pytest.MonkeyPatch) -> None:
    witness = Witness()
    monkeypatch.setattr(sampler, "sampler_for", lambda _spec, _number: witness)
    known = history(2, near(70))
    leased = ticket(2, TicketState.LEASED, PARAMS)
    returned = ticket(3, TicketState.OPEN, {**PARAMS, "max_offset": 1})

    suggest(spec(100, TPE), 9, [*known, leased, returned, ticket(4, TicketState.LEASED, None)])

    assert witness.seen == [
        *((TrialState.COMPLETE, seen(one.params), near(70)(one.params or {})) for one in known),
        (TrialState.RUNNING, seen(leased.params), None),
        (TrialState.RUNNING, seen(returned.params), None),
    ]


def test_each_state_of_a_ticket_is_told_as_it_is() -> None:
    space = distributions(MaskPolicy.MAX_OFFSET)
    states = {state: known_trial(ticket(3, state, PARAMS, 0.25), space) for state in TicketState}

    assert {state: trial.state for state, trial in states.items()} == {
        TicketState.OPEN: TrialState.RUNNING,
        TicketState.LEASED: TrialState.RUNNING,
        TicketState.DONE: TrialState.COMPLETE,
        TicketState.FAILED: TrialState.FAIL,
    }
    assert states[TicketState.DONE].value == 0.25
    assert all(trial.params == PARAMS for trial in states.values())


def test_a_lanes_own_ticket_and_those_without_parameters_are_not_told() -> None:
    wanted, known = spec(100, TPE), history(20, near(70))
    empty = ticket(21, TicketState.LEASED, None)
    own = ticket(22, TicketState.LEASED, {**PARAMS, "residue_mod_2": 70})

    assert suggest(wanted, 22, [*known, empty, own]) == suggest(wanted, 22, known)


def test_constant_results_and_failures_do_not_stop_the_search() -> None:
    flat = history(30, lambda _: -1.0)
    failed = [ticket(30 + k, TicketState.FAILED, flat[k].params) for k in range(5)]

    asked = [suggest(spec(100, TPE), number, [*flat, *failed]) for number in range(40, 50)]

    assert len({str(params) for params in asked}) == 10


def test_a_run_without_a_seed_is_reproducible_too() -> None:
    drawn, zero = (RunSpec.from_conf({"search": "tpe", "seed": seed}) for seed in (None, 0))

    assert suggest(drawn, 5, ()) == suggest(zero, 5, ())


def test_what_is_remembered_is_told_once_and_gives_the_same_as_telling_all_anew() -> None:
    wanted, known = spec(100, TPE), history(40, near(70))
    suggester = Suggester(wanted)
    asked = {}

    for number in range(20, 40):
        running = [ticket(7, TicketState.LEASED, known[7].params)]
        news = [one for one in known[:number] if one.number != 7] + running
        asked[number] = suggester.suggest(number, [one for one in news if one.number >= suggester.first_unsettled])
        known[number] = ticket(number, TicketState.DONE, asked[number], near(70)(asked[number]))

    assert suggester.first_unsettled == 7, "ticket 7 is still running"
    before = [one for one in known[:39] if one.number != 7]
    assert asked[39] == suggest(wanted, 39, [*before, ticket(7, TicketState.LEASED, known[7].params)])
    suggester.suggest(40, known)
    assert suggester.first_unsettled == 40


def test_parameters_that_another_lane_gave_first_replace_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    witness = Witness()
    monkeypatch.setattr(sampler, "sampler_for", lambda _spec, _number: witness)
    suggester = Suggester(spec(100, TPE))
    ours = suggester.suggest(0, ())

    suggester.suggest(1, [ticket(0, TicketState.DONE, PARAMS, 0.25)])

    assert witness.seen == [
        (TrialState.FAIL, seen(ours), None),
        (TrialState.COMPLETE, seen(PARAMS), 0.25),
    ]


@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_tpe_is_told_that_moduli_are_categories_and_random_that_they_are_numbers(policy: MaskPolicy) -> None:
    told, counted = (asked_space(spec(100, engine, mask_policy=policy)) for engine in (TPE, RANDOM))

    assert counted == distributions(policy, spec(100, RANDOM, mask_policy=policy).held)
    assert list(told) == list(counted)
    values = {param.name: param.values() for param in objective_space(policy)}
    for name in MODULI:
        assert told[name] == CategoricalDistribution(values[name])
    assert told[policy.value] == counted[policy.value]
