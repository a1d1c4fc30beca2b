"""The config that later steps read: flat parameters and one block `_run_context`."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from scorer_core import __version__
from scorer_core.engines import traits_of
from scorer_core.errors import PublishError, RequestError
from scorer_core.gate.case import Champion
from scorer_core.gate.decision import Decision
from scorer_core.ledger.records import RunRecord
from scorer_core.pool.split import SPLIT_NAME
from scorer_core.scoring.objective import OBJECTIVE_VERSION
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import UNSEEN_DEFAULTS, check_all_params, check_params, roles

CONFIG_SCHEMA = 1
RUN_CONTEXT = "_run_context"


def build_config(
    run: RunRecord,
    decision: Decision,
    collected: Mapping[str, Any],
    trials: list[dict[str, Any]],
    replaces: str | None,
) -> dict[str, Any] | None:
    """Return the candidate's config, or None when the decision has no candidate.

    `collected` is collected.json, `trials` the records of trials.jsonl, `replaces` the fingerprint of
    the published file that the gate compared with.
    """
    candidate, test = decision.candidate, decision.test
    if candidate is None or test is None:
        return None
    done = [trial for trial in trials if trial["state"] == "done"]
    spec = run.spec
    context = {
        "schema_version": CONFIG_SCHEMA,
        "run_id": run.run_id,
        "study_name": run.study_name,
        "objective": OBJECTIVE_VERSION,
        "mask_policy": spec.mask_policy.value,
        "search": spec.search.value,
        "seed": spec.seed,
        "sample_size": spec.sample_size,
        "budget": spec.n_trials,
        "trials_executed": collected["executed"],
        "trials_collected": collected["collected"],
        "trials_reported": collected["reported"],
        "replaces": replaces,
        "best_trial": candidate.trial_number,
        "worker_sha256": run.worker_sha256,
        "pool_sha256": run.pool_sha256,
        "pool_content": run.pool_content,
        "split": SPLIT_NAME,
        "nodes": sorted({trial["node"] for trial in done}),
        "gpus": sorted({f"{trial['node']}:{trial['gpu']}" for trial in done}),
        "parameter_roles": roles(spec.mask_policy),
        "parameter_defaults": sorted(UNSEEN_DEFAULTS) if traits_of(spec.search).walks_grid else [],
        "gate": decision.to_json(),
        "started_at": run.created_at.isoformat(),
        "finished_at": max(trial["finished_at"] for trial in done),
        "software": {
            "scorer": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "optuna": version("optuna"),
            "scipy": version("scipy"),
        },
    }
    return {**candidate.params, RUN_CONTEXT: context}


def checked_config(content: bytes, policy: MaskPolicy) -> dict[str, Any]:
    """Return a config that is about to be published, decoded.

    Raises:
        PublishError: a parameter is missing, unknown, or outside the search space of the policy.
    """
    config: dict[str, Any] = json.loads(content)
    try:
        check_all_params({name: value for name, value in config.items() if name != RUN_CONTEXT}, policy)
    except RequestError as error:
        raise PublishError(f"{error} Nothing was published. Find out who wrote it, then run again.") from None
    return config


def champion_of(config: Mapping[str, Any] | None) -> Champion | None:
    """Return the published config as the gate's champion.

    Raises:
        PublishError: the file was not written by this version of the product, or lacks a parameter.
    """
    if config is None:
        return None
    try:
        context = config[RUN_CONTEXT]
        if context["schema_version"] != CONFIG_SCHEMA:
            raise ValueError(f"its schema version is {context['schema_version']!r}, this version reads {CONFIG_SCHEMA}")
        policy = MaskPolicy(context["mask_policy"])
        params = {name: value for name, value in config.items() if name != RUN_CONTEXT}
        check_params(params, policy)
    except (KeyError, TypeError, ValueError, RequestError) as error:
        raise PublishError(
            f"the published config cannot be compared with ({type(error).__name__}: {error}). "
            "Run `scorer rollback`, or move the file away."
        ) from error
    return Champion(params, policy, context["gate"]["holdout"]["lift"])
