"""RunSpec: what a conf leaves open is settled, what it gives stands; and every release's records are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scorer_core.conf import RunConf
from scorer_core.engines import SearchEngine, traits_of
from scorer_core.errors import SpecError
from scorer_core.held import Held, Source
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import UNSEEN_DEFAULTS, defaults, objective_params, search_space
from scorer_core.spec import SPEC_VERSION, RunSpec

VERSION_1: dict[str, Any] = {
    "n_trials": 12,
    "sample_size": 200,
    "mask_policy": "max_offset",
    "search": "random",
    "seed": 1,
    "survivors_path": "pool.npz",
    "min_gpus": 1,
    "min_completion": 0.9,
    "min_lift": 1.1,
    "trial_timeout_s": 60.0,
    "require_approval": False,
}
"""What release 0.1.0 stored."""


def spec(**conf: Any) -> RunSpec:
    return RunSpec.from_conf(conf)


def test_the_defaults_are_the_documented_ones() -> None:
    assert RunSpec.from_conf({}).to_record() == {
        "version": 2,
        "search": "sweep",
        "n_trials": 143,
        "sample_size": None,
        "mask_policy": "max_offset",
        "fixed_params": {},
        "seed": None,
        "survivors_path": "bidirectional_survivors_binary.npz",
        "min_gpus": 1,
        "min_completion": 1.0,
        "min_lift": 1.10,
        "evidence_permutations": None,
        "trial_timeout_s": None,
        "require_approval": False,
        "held": {name: {"value": value, "source": "default"} for name, value in UNSEEN_DEFAULTS.items()},
    }


@st.composite
def confs(draw: st.DrawFn) -> dict[str, Any]:
    """Return a conf that is not refused, each key given or left out."""
    engine, policy = draw(st.sampled_from(SearchEngine)), draw(st.sampled_from(MaskPolicy))
    samples = not traits_of(engine).walks_grid
    fixed = {
        name: draw(st.just(defaults(policy)[name]))
        for name in draw(st.sets(st.sampled_from([param.name for param in search_space(policy)]), max_size=3))
    }
    optional = {
        "sample_size": st.integers(50) | st.none(),
        "survivors_path": st.text(min_size=1),
        "min_gpus": st.integers(1, 10_000),
        "min_completion": st.floats(0, 1, exclude_min=True) if samples else st.just(1.0),
        "min_lift": st.floats(1, 100),
        "evidence_permutations": st.integers(0, 1_000) | st.none(),
        "require_approval": st.booleans(),
    }
    if samples:
        optional |= {"n_trials": st.integers(1, 100_000), "seed": st.integers(0, 2**31 - 1)}
    given_keys = draw(st.sets(st.sampled_from(sorted(optional))))
    chosen = {name: draw(optional[name]) for name in sorted(given_keys)}
    return {"search": engine, "mask_policy": policy, "fixed_params": fixed, **chosen}


@given(conf=confs())
def test_nothing_that_is_given_is_replaced(conf: dict[str, Any]) -> None:
    settled = RunSpec.from_conf(conf)

    assert {name: getattr(settled, name) for name in conf} == conf
    assert settled.obeys(RunConf.checked(conf))
    assert {name: settled.held_values[name] for name in conf["fixed_params"]} == conf["fixed_params"]


@given(conf=confs())
def test_a_spec_survives_every_trip(conf: dict[str, Any]) -> None:
    settled = RunSpec.from_conf(conf)

    assert RunSpec.from_record(json.loads(json.dumps(settled.to_record()))) == settled


@pytest.mark.parametrize(
    ("name", "other"),
    [("sample_size", 450), ("n_trials", 7), ("seed", 2), ("min_completion", 0.5), ("fixed_params", {"dropout": 0.2})],
)
def test_a_spec_does_not_obey_a_conf_that_asks_for_something_else(name: str, other: object) -> None:
    asked = {"search": "random", "n_trials": 6, "sample_size": None, "seed": 1, "min_completion": 0.9}
    settled = RunSpec.from_conf(asked)

    assert settled.obeys(RunConf.checked({"search": "random"}))
    assert not settled.obeys(RunConf.checked({**asked, name: other}))
    assert not RunSpec.from_conf({**asked, "sample_size": 450}).obeys(RunConf.checked({"search": "random"}))


def test_what_the_objective_cannot_see_is_fixed_or_as_published_or_the_default() -> None:
    published = {**defaults(MaskPolicy.MAX_OFFSET), "dropout": 0.2, "batch_size": 32, "temporal_num_windows": 11}
    settled = RunSpec.from_conf({"fixed_params": {"batch_size": 128}}, published)

    assert settled.held["batch_size"] == Held(128, Source.FIXED)
    assert settled.held["dropout"] == Held(0.2, Source.PUBLISHED)
    assert settled.held["temporal_num_windows"] == Held(6, Source.DEFAULT), "11 is out of range"
    assert set(settled.held) == set(UNSEEN_DEFAULTS), "what the objective sees is searched, whatever is published"
    assert {name for name, source in settled.sources.items() if source is Source.SEARCHED} == set(
        objective_params(MaskPolicy.MAX_OFFSET)
    )


@pytest.mark.parametrize("value", ["0.2", True, None, [0.2], float("nan")])
def test_a_published_value_that_is_none_is_not_carried(value: object) -> None:
    assert RunSpec.from_conf({}, {"dropout": value}).held["dropout"] == Held(0.3, Source.DEFAULT)


def test_a_pin_of_what_the_objective_sees_leaves_a_smaller_space() -> None:
    pinned = spec(fixed_params={"residue_mod_3": 1000, "dropout": 0.2})

    assert pinned.pinned == {"residue_mod_3": 1000}
    assert pinned.n_trials == 202, "101 values of residue_mod_2, residue_mod_1 in two halves"
    assert spec().finds_optimum
    assert not any(
        one.finds_optimum for one in (pinned, spec(sample_size=450), spec(search="random"), spec(search="tpe"))
    )


def test_a_stored_spec_says_its_version_beside_the_fields() -> None:
    assert spec().to_record()["version"] == SPEC_VERSION
    assert "version" not in RunSpec.model_fields


@pytest.mark.parametrize("said", [{}, {"version": 1}])
def test_a_sampled_run_of_version_1_searched_all_eleven(said: dict[str, Any]) -> None:
    stored = RunSpec.from_record({**said, **VERSION_1})

    new = {"version": 2, "fixed_params": {}, "held": {}, "evidence_permutations": None}
    assert stored.to_record() == {**VERSION_1, **new}
    assert set(stored.sources.values()) == {Source.SEARCHED}


def test_a_sweep_of_version_1_took_the_defaults() -> None:
    stored = RunSpec.from_record({**VERSION_1, "search": "sweep", "n_trials": 143, "sample_size": None})

    assert stored.held_values == UNSEEN_DEFAULTS
    assert {one.source for one in stored.held.values()} == {Source.DEFAULT}
    assert stored.finds_optimum


def test_what_a_record_of_version_1_lacks_is_what_runs_did_then() -> None:
    stored = RunSpec.from_record({"seed": 3})

    assert (stored.search, stored.n_trials, stored.sample_size, stored.min_completion) == ("tpe", 100, 5000, 0.95)


def test_a_stored_field_that_is_not_known_is_dropped_and_a_missing_one_takes_its_default() -> None:
    record = {**spec(min_lift=1.5).to_record(), "pruner": "hyperband", "alpha": 0.05}
    del record["min_gpus"]

    assert RunSpec.from_record(record) == spec(min_lift=1.5)


@pytest.mark.parametrize(
    "stored",
    [
        {"sample_size": 10},
        {"n_trials": 200_000, "min_lift": 0.5},
        {"search": "sweep", "n_trials": 99, "seed": 3},
        {"survivors_path": ""},
    ],
)
def test_a_stored_spec_that_todays_rules_would_refuse_is_read_as_it_is(stored: dict[str, Any]) -> None:
    read = RunSpec.from_record({**spec().to_record(), **stored})

    assert {name: read.to_record()[name] for name in stored} == stored
    assert isinstance(read.search, SearchEngine)
    assert isinstance(read.mask_policy, MaskPolicy)


def test_a_stored_engine_that_is_not_known_is_told_with_the_next_step() -> None:
    with pytest.raises(SpecError, match="search 'annealing', which this release does not know. Install the release"):
        RunSpec.from_record({**spec().to_record(), "search": "annealing"})


@pytest.mark.parametrize("version", [3, "1", None])
def test_a_stored_spec_of_a_newer_version_is_refused_with_the_next_step(version: object) -> None:
    with pytest.raises(SpecError, match="reads versions up to 2. Install the release that made the run"):
        RunSpec.from_record({**spec().to_record(), "version": version})


def test_a_spec_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        spec().n_trials = 5  # type: ignore[misc]


@pytest.mark.draws_seed
def test_a_seed_is_drawn_once_and_a_given_one_is_kept() -> None:
    drawn = spec(search="random").with_seed()

    assert drawn.seed is not None
    assert 0 <= drawn.seed < 2**31
    assert drawn.with_seed() is drawn
    assert drawn.model_copy(update={"seed": None}) == spec(search="random")
    assert spec(search="random", seed=0).with_seed().seed == 0
    assert len({spec(search="tpe").with_seed().seed for _ in range(20)}) > 1


def test_a_sweep_draws_no_seed() -> None:
    assert spec().with_seed().seed is None
