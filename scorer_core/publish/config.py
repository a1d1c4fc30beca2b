"""The config that later steps read: flat parameters and one block `_run_context`."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from scorer_core import __version__
from scorer_core.errors import PublishError, RequestError
from scorer_core.gate.decision import Decision
from scorer_core.ledger.records import RunRecord
from scorer_core.publish.publisher import RUN_CONTEXT
from scorer_core.run.collected import Collected
from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.objective import OBJECTIVE_VERSION
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import check_all_params, roles

CONFIG_SCHEMA = 1


def build_config(
    run: RunRecord,
    decision: Decision,
    collected: Collected,
    trials: Sequence[Trial],
) -> dict[str, Any] | None:
    """Return the candidate's config, or None when the decision has no candidate."""
    candidate = decision.candidate
    if candidate is None:
        return None
    done = [trial for trial in trials if trial.state is TicketState.DONE]
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
        "trials_executed": collected.executed,
        "trials_collected": collected.collected,
        "trials_reported": collected.reported,
        "replaces": decision.replaces,
        "best_trial": candidate.trial_number,
        "worker_sha256": run.worker_sha256,
        "pool_sha256": run.pool_sha256,
        "pool_content": run.pool_content,
        "nodes": sorted({trial.node for trial in done}),
        "gpus": sorted({f"{trial.node}:{trial.gpu}" for trial in done}),
        "parameter_roles": roles(spec.mask_policy),
        "parameter_sources": spec.sources,
        "gate": decision.to_json(),
        "started_at": run.created_at.isoformat(),
        "finished_at": max(trial.finished_at for trial in done),
        "software": _software(),
    }
    return {**candidate.params, RUN_CONTEXT: context}


def _software() -> dict[str, str]:
    """Return the versions that a result may depend on."""
    libraries = {name: version(name) for name in ("numpy", "optuna", "scipy")}
    return {"scorer": __version__, "python": platform.python_version(), **libraries}


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
