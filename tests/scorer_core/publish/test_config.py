"""The published config: flat parameters, one block of context, and back to the gate's champion."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import PublishError
from scorer_core.gate.decision import Decision
from scorer_core.publish.config import CONFIG_SCHEMA, build_config, champion_of
from scorer_core.run.files import read_json
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import search_space
from scorer_core.steps.quality_gate import read_trials
from tests.support.runs import PLANTED_CONFIG

CONTEXT_FIELDS = {
    "schema_version",
    "run_id",
    "study_name",
    "objective",
    "mask_policy",
    "search",
    "replaces",
    "seed",
    "sample_size",
    "budget",
    "trials_executed",
    "trials_collected",
    "trials_reported",
    "best_trial",
    "worker_sha256",
    "pool_sha256",
    "pool_content",
    "split",
    "nodes",
    "gpus",
    "parameter_defaults",
    "parameter_roles",
    "gate",
    "started_at",
    "finished_at",
    "software",
}


@pytest.fixture
def config(decided: RunContext) -> dict[str, Any]:
    """Return the candidate's config as the gate wrote it."""
    document: dict[str, Any] = read_json(decided.paths.config)
    return document


def test_all_parameters_of_the_best_trial_are_at_top_level(config: dict[str, Any], decided: RunContext) -> None:
    best = decided.ledger.tickets("run-1")[config["_run_context"]["best_trial"]]
    names = {param.name for param in search_space(MaskPolicy.MAX_OFFSET)}

    assert set(config) == {*names, "_run_context"}
    assert {name: config[name] for name in names} == best.params
    assert all(isinstance(config[name], (int, float, str)) for name in names)


def test_the_context_has_every_field_of_the_contract_and_no_other(config: dict[str, Any]) -> None:
    assert set(config["_run_context"]) == CONTEXT_FIELDS
    assert config["_run_context"]["schema_version"] == CONFIG_SCHEMA


def test_the_context_repeats_the_runs_own_facts(config: dict[str, Any], decided: RunContext) -> None:
    run, context = decided.record, config["_run_context"]

    assert (context["run_id"], context["study_name"]) == ("run-1", "scorer/run-1")
    assert (context["worker_sha256"], context["pool_sha256"]) == (run.worker_sha256, run.pool_sha256)
    assert (context["search"], context["mask_policy"]) == ("random", "max_offset")
    assert (context["seed"], context["sample_size"], context["budget"]) == (1, 2000, 20)
    assert [context[f"trials_{kind}"] for kind in ("executed", "collected", "reported")] == [19, 19, 19]


def test_the_context_names_each_node_and_gpu_that_finished_a_trial_once(config: dict[str, Any]) -> None:
    context = config["_run_context"]

    assert context["nodes"] == ["head", "rig-6600a", "rig-6600b"]
    assert context["gpus"] == ["head:0", "head:1", "rig-6600a:0", "rig-6600a:1", "rig-6600b:0"]


def test_the_context_says_which_four_parameters_the_objective_saw(config: dict[str, Any]) -> None:
    roles = config["_run_context"]["parameter_roles"]

    assert set(roles) == set(config) - {"_run_context"}
    assert {name for name, role in roles.items() if role == "objective"} == set(PLANTED_CONFIG)


def test_start_and_end_are_moments_in_utc(config: dict[str, Any]) -> None:
    for name in ("started_at", "finished_at"):
        assert datetime.fromisoformat(config["_run_context"][name]).utcoffset() == timedelta(0)


def test_the_gates_decision_can_be_read_from_the_config(config: dict[str, Any], decided: RunContext) -> None:
    decision = Decision.from_json(config["_run_context"]["gate"])

    assert decision.to_json() == read_json(decided.paths.verdict)
    assert decision.candidate is not None
    assert decision.candidate.trial_number == config["_run_context"]["best_trial"]


def test_the_software_is_named_with_its_versions(config: dict[str, Any]) -> None:
    software = config["_run_context"]["software"]

    assert set(software) == {"scorer", "python", "numpy", "optuna", "scipy"}
    assert all(version[0].isdecimal() for version in software.values())


def test_without_a_candidate_there_is_no_config(decided: RunContext) -> None:
    record = read_json(decided.paths.verdict) | {"candidate": None, "holdout": None, "champion": None}
    decision = Decision.from_json(record | {"verdict": "REJECT"})

    trials = read_trials(decided.paths)

    assert build_config(decided.record, decision, read_json(decided.paths.collected), trials, None) is None


def test_a_published_config_comes_back_as_the_champion(config: dict[str, Any]) -> None:
    champion = champion_of(json.loads(json.dumps(config)))

    assert champion is not None
    assert champion.mask_policy is MaskPolicy.MAX_OFFSET
    assert champion.params == {name: value for name, value in config.items() if name != "_run_context"}


def test_without_a_published_config_there_is_no_champion() -> None:
    assert champion_of(None) is None


def without(config: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != name}


def with_context(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**config, "_run_context": {**config["_run_context"], **changes}}


MISFITS: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], str]] = {
    "of the old system": (lambda config: without(config, "_run_context"), "KeyError: '_run_context'"),
    "context is a text": (lambda config: {**config, "_run_context": "text"}, "TypeError"),
    "context is null": (lambda config: {**config, "_run_context": None}, "TypeError"),
    "no schema version": (
        lambda config: {**config, "_run_context": without(config["_run_context"], "schema_version")},
        "KeyError: 'schema_version'",
    ),
    "of a later version": (
        lambda config: with_context(config, schema_version=CONFIG_SCHEMA + 1),
        "its schema version is 2, this version reads 1",
    ),
    "unknown policy": (lambda config: with_context(config, mask_policy="other"), "'other' is not a valid MaskPolicy"),
    "policy without its parameter": (
        lambda config: with_context(config, mask_policy="keep_fraction"),
        "parameter keep_fraction is missing",
    ),
    "modulus missing": (lambda config: without(config, "residue_mod_2"), "parameter residue_mod_2 is missing"),
    "modulus out of range": (lambda config: {**config, "residue_mod_1": 0}, "residue_mod_1 is 0; it must be"),
    "modulus is a text": (lambda config: {**config, "residue_mod_3": "1000"}, "residue_mod_3 is '1000'"),
    "modulus is no number": (lambda config: {**config, "residue_mod_3": float("nan")}, "residue_mod_3 is nan"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_config_that_is_not_ours_is_refused_with_the_next_step(name: str, config: dict[str, Any]) -> None:
    change, message = MISFITS[name]

    with pytest.raises(PublishError, match="cannot be compared with.*scorer rollback") as refusal:
        champion_of(change(config))

    assert message in str(refusal.value)
