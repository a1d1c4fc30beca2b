"""The search space is the table of docs/data-contracts.md, name by name."""

from __future__ import annotations

from typing import Any

import pytest

from scorer_core.errors import RequestError
from scorer_core.scoring.params import ChoiceParam, FloatParam, IntParam, Param, ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import (
    check_all_params,
    check_params,
    completed,
    defaults,
    objective_params,
    roles,
    search_space,
)

OFFSET, FRACTION = MaskPolicy.MAX_OFFSET, MaskPolicy.KEEP_FRACTION
GOOD: dict[str, Any] = {"residue_mod_1": 9, "residue_mod_2": 122, "residue_mod_3": 1367, "max_offset": 13}

SEEN: dict[str, Any] = {
    "residue_mod_1": (int, 5, 20),
    "residue_mod_2": (int, 50, 150),
    "residue_mod_3": (int, 500, 1500),
}
UNSEEN: dict[str, Any] = {
    "temporal_window_size": (int, 50, 100),
    "temporal_num_windows": (int, 3, 10),
    "min_confidence_threshold": (float, 0.05, 0.25, "linear"),
    "hidden_layers": ("128_64", "256_128_64", "512_256_128"),
    "dropout": (float, 0.1, 0.5, "linear"),
    "learning_rate": (float, 1e-4, 1e-2, "log"),
    "batch_size": (32, 64, 128),
}
TABLES = {
    OFFSET: {**SEEN, "max_offset": (int, 1, 15), **UNSEEN},
    FRACTION: {**SEEN, "keep_fraction": (float, 0.1, 0.9, "linear"), **UNSEEN},
}
every_policy = pytest.mark.parametrize("policy", list(MaskPolicy))


def as_row(param: Param) -> tuple[Any, ...]:
    if isinstance(param, IntParam):
        return (int, param.low, param.high)
    if isinstance(param, FloatParam):
        return (float, param.low, param.high, "log" if param.log else "linear")
    return param.choices


def just_inside(param: Param) -> list[ParamValue]:
    return list(param.choices) if isinstance(param, ChoiceParam) else [param.low, param.high]


def just_outside(param: Param) -> list[Any]:
    if isinstance(param, IntParam):
        return [param.low - 1, param.high + 1, float(param.low), str(param.low), True, None]
    if isinstance(param, FloatParam):
        return [param.low * 0.999, param.high * 1.001, float("nan"), float("inf"), str(param.low), True, None]
    return [*(f"{choice}0" for choice in param.choices), 33, True, None]


@every_policy
def test_there_are_eleven_names_with_their_ranges(policy: MaskPolicy) -> None:
    space = {param.name: as_row(param) for param in search_space(policy)}

    assert len(space) == len(search_space(policy)) == 11
    assert space == TABLES[policy]


@every_policy
def test_the_objective_sees_the_first_four_and_no_other(policy: MaskPolicy) -> None:
    names = [param.name for param in search_space(policy)]

    assert names == list(TABLES[policy])[:4] + names[4:]
    assert objective_params(policy) == tuple(names[:4])
    assert roles(policy) == {name: "objective" if name in names[:4] else "later_steps" for name in names}


@every_policy
def test_both_ends_of_a_range_belong_to_it_and_nothing_beyond(policy: MaskPolicy) -> None:
    for param in search_space(policy):
        assert all(param.contains(value) for value in just_inside(param)), param.name
        assert [value for value in just_outside(param) if param.contains(value)] == [], param.name


def test_a_choice_is_taken_with_its_type_only() -> None:
    batch_size = next(param for param in search_space(OFFSET) if param.name == "batch_size")

    assert batch_size.contains(32)
    assert not batch_size.contains(32.0)
    assert not batch_size.contains("32")


@every_policy
def test_a_description_names_the_range(policy: MaskPolicy) -> None:
    said = {param.name: param.describe() for param in search_space(policy)}

    assert said["residue_mod_1"] == "an integer from 5 to 20"
    assert said["learning_rate"] == "a number from 0.0001 to 0.01"
    assert said["hidden_layers"] == "one of 128_64, 256_128_64, 512_256_128"


@every_policy
def test_a_seen_parameter_out_of_range_is_refused_by_name(policy: MaskPolicy) -> None:
    good = {param.name: just_inside(param)[0] for param in search_space(policy)}
    for param in search_space(policy)[:4]:
        for value in just_outside(param):
            with pytest.raises(RequestError) as refusal:
                check_params({**good, param.name: value}, policy)
            assert str(refusal.value) == f"parameter {param.name} is {value!r}; it must be {param.describe()}."


@pytest.mark.parametrize("name", list(GOOD))
def test_a_missing_seen_parameter_is_refused_by_name(name: str) -> None:
    without = {key: value for key, value in GOOD.items() if key != name}

    with pytest.raises(RequestError, match=f"parameter {name} is missing; policy max_offset needs an integer"):
        check_params(without, OFFSET)


def test_each_policy_asks_for_its_own_reach() -> None:
    with pytest.raises(RequestError, match="parameter keep_fraction is missing; policy keep_fraction needs a number"):
        check_params(GOOD, FRACTION)


def test_parameters_that_only_later_steps_read_are_not_judged() -> None:
    strange = {**GOOD, "dropout": "anything", "not_ours": 1}

    check_params(strange, OFFSET)
    with pytest.raises(RequestError, match="'not_ours' is not in the search space"):
        check_all_params(strange, OFFSET)


@every_policy
def test_all_eleven_are_judged_before_anything_is_published(policy: MaskPolicy) -> None:
    space = search_space(policy)
    good = {param.name: just_inside(param)[0] for param in space}

    check_all_params(good, policy)
    for param in space:
        for value in just_outside(param):
            with pytest.raises(RequestError, match=f"^parameter {param.name} is "):
                check_all_params({**good, param.name: value}, policy)
        without = {name: value for name, value in good.items() if name != param.name}
        with pytest.raises(RequestError, match=f"^parameter {param.name} is missing"):
            check_all_params(without, policy)
    with pytest.raises(RequestError, match="^parameter 'not_ours' is not in the search space"):
        check_all_params({**good, "not_ours": 1}, policy)


@every_policy
def test_every_default_lies_in_its_range(policy: MaskPolicy) -> None:
    space = {param.name: param for param in search_space(policy)}

    assert [name for name, value in defaults(policy).items() if not space[name].contains(value)] == []
    assert list(defaults(policy)) == list(space)


@every_policy
def test_what_a_config_lacks_it_has_by_default_and_what_it_has_stays(policy: MaskPolicy) -> None:
    assert completed({}, policy) == defaults(policy)
    assert completed({"dropout": 0.2, "not_ours": 1}, policy) == {**defaults(policy), "dropout": 0.2, "not_ours": 1}


def test_a_parameter_without_a_step_has_no_values_to_walk() -> None:
    with pytest.raises(ValueError, match="parameter dropout has no step"):
        FloatParam("dropout", 0.1, 0.5, default=0.3).values()
