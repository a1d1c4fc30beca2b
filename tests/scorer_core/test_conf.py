"""RunConf: each field's range from both sides, what would have no effect, and what is said about a wrong conf."""

from __future__ import annotations

import math
from typing import Any

import pytest

from scorer_core.conf import RunConf
from scorer_core.engines import SearchEngine, traits_of
from scorer_core.errors import SpecError

SAMPLED = {"search": "tpe"}
RANGES: dict[str, tuple[list[Any], list[Any]]] = {
    "search": (["tpe", "random", "sweep"], ["grid", "TPE", None]),
    "n_trials": ([1, 100_000, None], [0, 100_001, -1]),
    "sample_size": ([50, 10**9, None], [49, 0, -5000]),
    "mask_policy": (["max_offset", "keep_fraction"], ["median", "", "MAX_OFFSET", None]),
    "fixed_params": ([{}, {"residue_mod_1": 5, "dropout": 0.5}], []),
    "seed": ([0, 2**31 - 1, None], [-1, 2**31]),
    "survivors_path": (["a.npz", "below/b.json"], [""]),
    "min_gpus": ([1, 10_000], [0, 10_001]),
    "min_completion": ([0.001, 1.0, 1, None], [0.0, 1.001, -0.5]),
    "min_lift": ([1.0, 100.0], [0.99, 100.1]),
    "evidence_permutations": ([None, 0, 1_000], [-1, 1_001]),
    "trial_timeout_s": ([None, 1.0, 86_400.0, 60], [0.99, 86_401.0]),
    "require_approval": ([True, False], []),
}
WRONG_TYPES: dict[str, list[Any]] = {
    "search": [1, True, ["tpe"]],
    "n_trials": [True, "100", 5.0, math.nan, [100], {}],
    "sample_size": [True, "5000", 5000.0, math.nan, [5000]],
    "mask_policy": [1, True, ["max_offset"]],
    "fixed_params": [None, [], "dropout", {"dropout": True}, {"dropout": None}],
    "seed": [True, "1", 1.0, math.nan],
    "survivors_path": [1, None, True, ["a.npz"]],
    "min_gpus": [True, "1", 1.0, math.nan, None],
    "min_completion": [True, "0.95", math.nan, math.inf],
    "min_lift": [True, "1.1", math.nan, math.inf, None],
    "evidence_permutations": [True, "20", 1.0, math.nan],
    "trial_timeout_s": [True, "60", math.nan, math.inf],
    "require_approval": [1, 0, "true", None, math.nan],
}


def cases(table: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in table.items() for value in values]


def test_these_tests_know_every_field() -> None:
    assert set(RANGES) == set(WRONG_TYPES) == set(RunConf.model_fields)


@pytest.mark.parametrize(("name", "value"), cases({name: good for name, (good, _) in RANGES.items()}))
def test_a_value_in_range_is_taken_as_it_is(name: str, value: Any) -> None:
    assert getattr(RunConf.checked({**SAMPLED, name: value}), name) == value


@pytest.mark.parametrize(("name", "value"), cases({name: bad for name, (_, bad) in RANGES.items()}))
def test_a_value_out_of_range_is_refused_by_name_with_the_value_and_the_rule(name: str, value: Any) -> None:
    with pytest.raises(SpecError) as refusal:
        RunConf.checked({**SAMPLED, name: value})

    assert str(refusal.value).startswith(f"conf: {name} is {value!r}; it should ")


@pytest.mark.parametrize(("name", "value"), cases(WRONG_TYPES))
def test_a_value_of_another_type_is_refused_by_name_and_never_converted(name: str, value: Any) -> None:
    with pytest.raises(SpecError, match=rf"^conf: {name}(\.[\w.]+)?( is |: )"):
        RunConf.checked({**SAMPLED, name: value})


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("sampel_size", "did you mean 'sample_size'?"),
        ("n_trial", "did you mean 'n_trials'?"),
        ("N_TRIALS", "known are: evidence_permutations,"),
        ("zzz", "known are: evidence_permutations,"),
        ("held", "did you mean 'seed'?"),
        (7, "known are: evidence_permutations,"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(key: Any, hint: str) -> None:
    with pytest.raises(SpecError) as refusal:
        RunConf.checked({"sample_size": 450, key: 450})

    assert str(refusal.value).startswith(f"conf: unknown key {str(key)!r}; {hint}")


def test_all_problems_are_said_at_once_in_one_line() -> None:
    with pytest.raises(SpecError) as refusal:
        RunConf.checked({"n_trials": 0, "min_lift": 0.5, "survivors_path": ""})

    assert str(refusal.value) == (
        "conf: n_trials is 0; it should be greater than or equal to 1; "
        "survivors_path is ''; it should have at least 1 character; "
        "min_lift is 0.5; it should be greater than or equal to 1"
    )


def test_a_monstrous_value_does_not_make_a_monstrous_message() -> None:
    for value in ("x" * 100_000, 10**5000):
        with pytest.raises(SpecError) as refusal:
            RunConf.checked({"n_trials": value})
        assert len(str(refusal.value)) < 250


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        (
            {"n_trials": 50},
            "conf: n_trials is 50, but a sweep tries every config, in as many shards as that takes. "
            'Leave n_trials out, or let tpe or random search: {"search": "tpe", "n_trials": 50}.',
        ),
        (
            {"seed": 0},
            "conf: seed is 0, but a sweep tries every config and draws nothing. "
            'Leave seed out, or let tpe or random search: {"search": "tpe", "seed": 0}.',
        ),
        (
            {"min_completion": 0.95},
            "conf: min_completion is 0.95, but a sweep with a shard missing proves nothing: it needs all of them. "
            "Leave min_completion out.",
        ),
    ],
)
def test_what_a_sweep_would_not_heed_is_refused_with_what_to_do_instead(conf: dict[str, Any], message: str) -> None:
    for asked in (conf, {**conf, "search": "sweep"}):
        with pytest.raises(SpecError) as refusal:
            RunConf.checked(asked)
        assert str(refusal.value) == message


def test_a_sweep_heeds_a_sample_size_and_a_completion_of_all() -> None:
    conf = RunConf.checked({"search": "sweep", "sample_size": 450, "min_completion": 1})

    assert (conf.sample_size, conf.min_completion) == (450, 1.0)


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"droput": 0.2}, "fixed_params: unknown key 'droput'; did you mean 'dropout'?"),
        ({"keep_fraction": 0.5}, "fixed_params: unknown key 'keep_fraction'; "),
        ({"residue_mod_1": 21}, "fixed_params: residue_mod_1 is 21; it must be an integer from 5 to 20."),
        ({"residue_mod_1": 12.0}, "fixed_params: residue_mod_1 is 12.0; it must be an integer from 5 to 20."),
        ({"dropout": math.nan}, "fixed_params: dropout is nan; it must be a number from 0.1 to 0.5."),
        ({"hidden_layers": "64"}, "fixed_params: hidden_layers is '64'; it must be one of 128_64, "),
    ],
)
def test_a_fixed_parameter_is_one_of_the_space_and_in_its_range(fixed: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as refusal:
        RunConf.checked({"fixed_params": fixed})

    assert str(refusal.value).startswith(f"conf: {message}")


def test_a_fixed_fraction_is_one_of_the_81() -> None:
    fixed = {"mask_policy": "keep_fraction", "fixed_params": {"keep_fraction": 0.29}}
    assert RunConf.checked(fixed).fixed_params == {"keep_fraction": 0.29}

    with pytest.raises(
        SpecError, match=r"keep_fraction is 0.295; it must be a number from 0.1 to 0.9 in steps of 0.01"
    ):
        RunConf.checked({**fixed, "fixed_params": {"keep_fraction": 0.295}})


def test_an_engine_that_samples_is_left_something_to_search() -> None:
    pins = {"residue_mod_1": 16, "residue_mod_2": 50, "residue_mod_3": 1000, "max_offset": 15}

    assert RunConf.checked({"fixed_params": pins}).fixed_params == pins
    with pytest.raises(SpecError, match="fixed_params leaves random nothing to search.* Leave search out"):
        RunConf.checked({"search": "random", "fixed_params": pins})


def test_every_field_is_explained_and_may_be_left_out() -> None:
    assert [name for name, field in RunConf.model_fields.items() if not field.description] == []
    assert [name for name, field in RunConf.model_fields.items() if field.is_required()] == []


@pytest.mark.parametrize("name", sorted({name for engine in SearchEngine for name in traits_of(engine).refuses}))
def test_the_form_says_of_what_an_engine_refuses_that_it_does(name: str) -> None:
    assert "A sweep refuses" in str(RunConf.model_fields[name].description)


def test_alpha_is_no_runs_to_choose() -> None:
    with pytest.raises(SpecError, match="unknown key 'alpha'"):
        RunConf.checked({"alpha": 0.05})
