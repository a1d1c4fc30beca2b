"""The Optuna study of record: written from the ledger, in bulk, so that Optuna's tools show the run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from scorer_core.search.database import BUSY_TIMEOUT_S
from scorer_core.search.ledger import RunRecord, Ticket
from scorer_core.search.sampler import distributions, known_trial

_FACTS = ("node", "gpu", "worker_sha256", "pool_sha256", "seconds")
_TERMS = ("keep", "subset_n", "enrich", "coverage", "reason", "pass_rates", "blind")


def study_name(run_id: str) -> str:
    """Return the name of a run's study."""
    return f"scorer/{run_id}"


def write_study(url: str, run: RunRecord, tickets: Sequence[Ticket]) -> int:
    """Write a run's tickets as trials with the same numbers, and return how many read back COMPLETE.

    A study that is already there whole is left alone; a partial one, of a write that was cut short,
    is made again.
    """
    storage = _storage(url)
    name = study_name(run.run_id)
    wanted = sum(ticket.result is not None for ticket in tickets)
    known = {study.study_name for study in storage.get_all_studies()}
    if name in known:
        if _complete(storage, name) == wanted:
            return wanted
        optuna.delete_study(study_name=name, storage=storage)
    study = optuna.create_study(study_name=name, storage=storage, direction="maximize")
    study.set_user_attr("run_id", run.run_id)
    study.set_user_attr("spec", run.spec.model_dump(mode="json"))
    study.add_trials(_trial(ticket, run) for ticket in tickets if ticket.params is not None)
    return _complete(storage, name)


def _storage(url: str) -> RDBStorage:
    arguments = {"timeout": BUSY_TIMEOUT_S} if url.startswith("sqlite") else {}
    return RDBStorage(url, engine_kwargs={"connect_args": arguments})


def _complete(storage: RDBStorage, name: str) -> int:
    study = optuna.load_study(study_name=name, storage=storage)
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


def _trial(ticket: Ticket, run: RunRecord) -> FrozenTrial:
    trial = known_trial(ticket, distributions(run.spec.mask_policy))
    result = ticket.result
    if result is None:
        return create_trial(
            state=TrialState.FAIL,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={"ticket": ticket.number, "error": ticket.error},
        )
    facts: dict[str, Any] = {name: getattr(result, name) for name in _FACTS}
    facts |= {name: result.evaluation[name] for name in _TERMS}
    facts |= {"ticket": ticket.number, "sample_size": result.request["sample_size"]}
    complete = create_trial(value=trial.value, params=trial.params, distributions=trial.distributions, user_attrs=facts)
    complete.datetime_start = _local(result.started_at)
    complete.datetime_complete = _local(result.finished_at)
    return complete


def _local(moment: str) -> datetime:
    """Return a moment as Optuna stores it: naive, in local time."""
    return datetime.fromisoformat(moment).astimezone().replace(tzinfo=None)
