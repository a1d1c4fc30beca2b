"""The published config as the gate's champion: ours, an earlier release's, or the old system's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from scorer_core.errors import PublishError
from scorer_core.gate.case import Champion
from scorer_core.publish.champion import champion_of
from scorer_core.publish.config import CONFIG_SCHEMA
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import defaults, search_space
from tests.support.pools import small_pool

Config = dict[str, Any]
POOL, FINGERPRINT = small_pool(20), "f" * 64


def read(config: Config) -> Champion:
    """Return the champion of a config that came through a file."""
    return champion_of(json.loads(json.dumps(config)), FINGERPRINT, POOL, POOL.seeds[:3])


def without(config: Config, *names: str) -> Config:
    return {key: value for key, value in config.items() if key not in names}


def with_context(config: Config, **changes: Any) -> Config:
    return {**config, "_run_context": {**config["_run_context"], **changes}}


def test_a_published_config_comes_back_as_the_champion(config: Config) -> None:
    champion = read(config)

    assert champion.mask_policy is MaskPolicy.MAX_OFFSET
    assert champion.params == without(config, "_run_context")
    assert champion.fingerprint == FINGERPRINT
    assert champion.notes == ()
    assert champion.fresh.tolist() == [False] * 3 + [True] * 17


def test_where_it_is_not_known_what_it_was_published_from_no_row_is_new(config: Config) -> None:
    champion = champion_of(config, FINGERPRINT, POOL, None)

    assert not champion.fresh.any()
    assert champion.notes == (
        "Which rows the published config was published from is not known, so none counts as new to it.",
    )


def test_the_old_systems_config_is_read_with_its_policy_and_said_so(config: Config) -> None:
    champion = read({**without(config, "_run_context"), "optuna_study": "of the old system"})

    assert champion.params == without(config, "_run_context")
    assert champion.mask_policy is MaskPolicy.MAX_OFFSET
    assert champion.notes == (
        "The published config has no _run_context: it is read as the old system's, with policy max_offset.",
    )


@pytest.mark.parametrize("policy", MaskPolicy)
def test_every_parameter_that_is_missing_takes_a_default_and_is_named(config: Config, policy: MaskPolicy) -> None:
    for param in search_space(policy):
        whole = defaults(policy)
        context = with_context(config, mask_policy=policy.value)["_run_context"]
        champion = read({**without(whole, param.name), "_run_context": context})

        assert param.contains(champion.params[param.name])
        assert champion.params == whole
        assert champion.notes == (f"The published config lacks {param.name} ({param.default} is assumed).",)


def test_a_context_without_policy_and_gate_is_read_with_what_is_known(config: Config) -> None:
    champion = read({**config, "_run_context": without(config["_run_context"], "mask_policy", "gate")})

    assert champion.mask_policy is MaskPolicy.MAX_OFFSET
    assert champion.notes == ("The published config names no mask policy; max_offset is assumed.",)


@pytest.mark.parametrize("changes", [{"residue_mod_1": 40, "max_offset": 0}, {"dropout": 0.9}])
def test_a_value_out_of_range_is_kept_and_said_so(config: Config, changes: Config) -> None:
    champion = read({**config, **changes})

    assert {name: champion.params[name] for name in changes} == changes
    told = ", ".join(f"{name} {value}" for name, value in changes.items())
    assert champion.notes == (f"The published config has {told}, now out of range; it is compared as it is.",)


MISFITS: dict[str, tuple[Callable[[Config], Config], str]] = {
    "context is a text": (lambda config: {**config, "_run_context": "text"}, "its _run_context is no JSON object"),
    "context is null": (lambda config: {**config, "_run_context": None}, "its _run_context is no JSON object"),
    "of a later version": (
        lambda config: with_context(config, schema_version=CONFIG_SCHEMA + 1),
        "its schema version is 2, this version reads 1",
    ),
    "unknown policy": (lambda config: with_context(config, mask_policy="other"), "'other' is not a valid MaskPolicy"),
    "modulus is zero": (lambda config: {**config, "residue_mod_1": 0}, "no mask can be computed from residue_mod_1 0,"),
    "modulus is negative": (lambda config: {**config, "residue_mod_1": -3}, "no mask can be computed"),
    "modulus is enormous": (lambda config: {**config, "residue_mod_2": 2**70}, "no mask can be computed"),
    "modulus is a text": (lambda config: {**config, "residue_mod_3": "1000"}, "residue_mod_3 is '1000'; it must be"),
    "modulus is no number": (lambda config: {**config, "residue_mod_3": float("nan")}, "residue_mod_3 is nan"),
    "modulus is true": (lambda config: {**config, "residue_mod_3": True}, "residue_mod_3 is True"),
    "reach is no number": (
        lambda config: with_context({**config, "keep_fraction": float("nan")}, mask_policy="keep_fraction"),
        "no mask can be computed",
    ),
    "reach is infinite": (
        lambda config: with_context({**config, "keep_fraction": float("inf")}, mask_policy="keep_fraction"),
        "no mask can be computed",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_config_that_gives_no_mask_is_refused_with_the_next_step(name: str, config: Config) -> None:
    change, message = MISFITS[name]

    with pytest.raises(PublishError, match="cannot be compared with.*scorer rollback") as refusal:
        read(change(config))

    assert message in str(refusal.value)
