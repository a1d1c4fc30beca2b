"""The published config: flat parameters, and one block of context."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from scorer_core.context import RunContext
from scorer_core.gate.decision import Decision
from scorer_core.publish.config import CONFIG_SCHEMA, build_config
from scorer_core.run.collected import Collected
from scorer_core.run.trials import read_trials
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import search_space
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
    "nodes",
    "gpus",
    "parameter_sources",
    "parameter_roles",
    "gate",
    "started_at",
    "finished_at",
    "software",
}


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

    assert decision.to_json() == decided.files.verdict.read_json()
    assert decision.candidate is not None
    assert decision.candidate.trial_number == config["_run_context"]["best_trial"]


def test_the_software_is_named_with_its_versions(config: dict[str, Any]) -> None:
    software = config["_run_context"]["software"]

    assert set(software) == {"scorer", "python", "numpy", "optuna", "scipy"}
    assert all(version[0].isdecimal() for version in software.values())


def test_without_a_candidate_there_is_no_config(decided: RunContext) -> None:
    record = decided.files.verdict.read_json() | {"candidate": None, "proof": None}
    decision = Decision.from_json(record | {"verdict": "REJECT"})

    collected = Collected.from_json(decided.files.collected.read_json())

    assert build_config(decided.record, decision, collected, read_trials(decided.files)) is None
