"""RunSpec: each field's range from both sides, and what is said about a conf that is wrong."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scorer_core.engines import SearchEngine
from scorer_core.errors import SpecError
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.spec import SPEC_VERSION, RunSpec

RANGES: dict[str, tuple[list[Any], list[Any]]] = {
    "n_trials": ([1, 100_000], [0, 100_001, -1]),
    "sample_size": ([50, 10**9, None], [49, 0, -5000]),
    "mask_policy": (["max_offset", "keep_fraction"], ["median", "", "MAX_OFFSET", None]),
    "search": (["tpe", "random"], ["grid", "TPE", None]),
    "seed": ([0, 2**31 - 1, None], [-1, 2**31]),
    "survivors_path": (["a.npz", "below/b.json"], [""]),
    "min_gpus": ([1, 10_000], [0, 10_001]),
    "min_completion": ([0.001, 1.0, 1], [0.0, 1.001, -0.5]),
    "alpha": ([1e-9, 0.999], [0.0, 1.0]),
    "min_lift": ([1.0, 100.0], [0.99, 100.1]),
    "trial_timeout_s": ([1.0, 86_400.0, 60], [0.99, 86_401.0]),
    "require_approval": ([True, False], []),
}
WRONG_TYPES: dict[str, list[Any]] = {
    "n_trials": [True, "100", 5.0, math.nan, None, [100], {}],
    "sample_size": [True, "5000", 5000.0, math.nan, [5000]],
    "mask_policy": [1, True, ["max_offset"]],
    "search": [1, True, ["tpe"]],
    "seed": [True, "1", 1.0, math.nan],
    "survivors_path": [1, None, True, ["a.npz"]],
    "min_gpus": [True, "1", 1.0, math.nan, None],
    "min_completion": [True, "0.95", math.nan, math.inf, None],
    "alpha": [True, "0.01", math.nan, math.inf, None],
    "min_lift": [True, "1.1", math.nan, math.inf, None],
    "trial_timeout_s": [True, "60", math.nan, math.inf, None],
    "require_approval": [1, 0, "true", None, math.nan],
}


def cases(table: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in table.items() for value in values]


def test_these_tests_know_every_field() -> None:
    assert set(RANGES) == set(WRONG_TYPES) == set(RunSpec.model_fields)


@pytest.mark.parametrize(("name", "value"), cases({name: good for name, (good, _) in RANGES.items()}))
def test_a_value_in_range_is_taken(name: str, value: Any) -> None:
    assert getattr(RunSpec.from_conf({name: value}), name) == value


@pytest.mark.parametrize(("name", "value"), cases({name: bad for name, (_, bad) in RANGES.items()}))
def test_a_value_out_of_range_is_refused_by_name_with_the_value_and_the_rule(name: str, value: Any) -> None:
    with pytest.raises(SpecError) as refusal:
        RunSpec.from_conf({name: value})

    assert str(refusal.value).startswith(f"conf: {name} is {value!r}; it should ")


@pytest.mark.parametrize(("name", "value"), cases(WRONG_TYPES))
def test_a_value_of_another_type_is_refused_by_name_and_never_converted(name: str, value: Any) -> None:
    with pytest.raises(SpecError, match=f"^conf: {name}( is |: )"):
        RunSpec.from_conf({name: value})


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("sampel_size", "did you mean 'sample_size'?"),
        ("n_trial", "did you mean 'n_trials'?"),
        ("N_TRIALS", "known are: alpha, mask_policy,"),
        ("zzz", "known are: alpha, mask_policy,"),
        (7, "known are: alpha, mask_policy,"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(key: Any, hint: str) -> None:
    with pytest.raises(SpecError) as refusal:
        RunSpec.from_conf({"n_trials": 10, key: 450})

    assert str(refusal.value).startswith(f"conf: unknown key {str(key)!r}; {hint}")


def test_all_problems_are_said_at_once_in_one_line() -> None:
    with pytest.raises(SpecError) as refusal:
        RunSpec.from_conf({"n_trials": 0, "alpha": 2, "survivors_path": ""})

    assert str(refusal.value) == (
        "conf: n_trials is 0; it should be greater than or equal to 1; "
        "survivors_path is ''; it should have at least 1 character; "
        "alpha is 2; it should be less than 1"
    )


def test_a_monstrous_value_does_not_make_a_monstrous_message() -> None:
    for value in ("x" * 100_000, 10**5000):
        with pytest.raises(SpecError) as refusal:
            RunSpec.from_conf({"n_trials": value})
        assert len(str(refusal.value)) < 250


def test_the_defaults_are_the_documented_ones() -> None:
    assert RunSpec.from_conf({}).model_dump(mode="json") == {
        "n_trials": 100,
        "sample_size": 5000,
        "mask_policy": "max_offset",
        "search": "tpe",
        "seed": None,
        "survivors_path": "bidirectional_survivors_binary.npz",
        "min_gpus": 1,
        "min_completion": 0.95,
        "alpha": 0.01,
        "min_lift": 1.10,
        "trial_timeout_s": 60.0,
        "require_approval": False,
    }


specs = st.builds(
    RunSpec,
    n_trials=st.integers(1, 100_000),
    sample_size=st.none() | st.integers(50),
    mask_policy=st.sampled_from(MaskPolicy),
    search=st.sampled_from(SearchEngine),
    seed=st.none() | st.integers(0, 2**31 - 1),
    survivors_path=st.text(min_size=1),
    alpha=st.floats(0, 1, exclude_min=True, exclude_max=True),
    min_lift=st.floats(1, 100),
    require_approval=st.booleans(),
)


@given(spec=specs)
def test_a_spec_survives_every_trip(spec: RunSpec) -> None:
    assert RunSpec.from_conf(spec.model_dump()) == spec
    assert RunSpec.from_conf(json.loads(json.dumps(spec.model_dump(mode="json")))) == spec
    assert RunSpec.from_record(json.loads(json.dumps(spec.to_record()))) == spec


def test_a_stored_spec_says_its_version_beside_the_fields() -> None:
    assert RunSpec().to_record() == {"version": SPEC_VERSION, **RunSpec().model_dump(mode="json")}
    assert "version" not in RunSpec.model_fields


def test_a_spec_that_release_0_1_0_stored_has_no_version_and_is_read() -> None:
    spec = RunSpec(n_trials=7, search=SearchEngine.RANDOM)

    assert RunSpec.from_record(spec.model_dump(mode="json")) == spec


def test_a_stored_field_that_is_not_known_is_dropped_and_a_missing_one_takes_its_default() -> None:
    record = {**RunSpec(n_trials=7, alpha=0.05).to_record(), "pruner": "hyperband"}
    del record["min_gpus"]

    assert RunSpec.from_record(record) == RunSpec(n_trials=7, alpha=0.05)


def test_every_field_has_a_default_so_that_records_from_before_it_can_be_read() -> None:
    assert [name for name, field in RunSpec.model_fields.items() if field.is_required()] == []


@pytest.mark.parametrize(
    "stored",
    [
        {"sample_size": 10},
        {"n_trials": 200_000, "min_lift": 0.5},
        {"search": "sweep", "n_trials": 99, "sample_size": 4000},
        {"survivors_path": ""},
    ],
)
def test_a_stored_spec_that_todays_rules_would_refuse_or_change_is_read_as_it_is(stored: dict[str, Any]) -> None:
    spec = RunSpec.from_record({**RunSpec().to_record(), **stored})

    assert {name: spec.to_record()[name] for name in stored} == stored
    assert isinstance(spec.search, SearchEngine)
    assert isinstance(spec.mask_policy, MaskPolicy)


def test_a_stored_engine_that_is_not_known_is_told_with_the_next_step() -> None:
    with pytest.raises(SpecError, match="search 'annealing', which this release does not know. Install the release"):
        RunSpec.from_record({**RunSpec().to_record(), "search": "annealing"})


def test_a_spec_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RunSpec().n_trials = 5  # type: ignore[misc]


@pytest.mark.draws_seed
def test_a_seed_is_drawn_once_and_a_given_one_is_kept() -> None:
    drawn = RunSpec(n_trials=7).with_seed()

    assert drawn.seed is not None
    assert 0 <= drawn.seed < 2**31
    assert drawn.with_seed() is drawn
    assert drawn.model_copy(update={"seed": None}) == RunSpec(n_trials=7)
    assert RunSpec(seed=0).with_seed().seed == 0
    assert len({RunSpec().with_seed().seed for _ in range(20)}) > 1


def test_every_field_is_explained() -> None:
    assert [name for name, field in RunSpec.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("version", [2, "1", None])
def test_a_stored_spec_of_a_newer_version_is_refused_with_the_next_step(version: object) -> None:
    with pytest.raises(SpecError, match="reads versions up to 1. Install the release that made the run"):
        RunSpec.from_record({**RunSpec().to_record(), "version": version})
