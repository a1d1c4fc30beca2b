"""The Optuna study of record: written from the ledger, in bulk, so that Optuna's tools show the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from scorer_core.ledger.database import BUSY_TIMEOUT_S
from scorer_core.ledger.records import RunRecord
from scorer_core.run.trials import Trial
from scorer_core.search.optuna_bulk import add_trials
from scorer_core.search.sampler import distributions, known_trial

_FACTS = ("node", "gpu", "worker_sha256", "pool_sha256", "seconds", "sample_size")
_TERMS = ("keep", "subset_n", "enrich", "coverage", "reason", "pass_rates", "blind")


def write_study(url: str, run: RunRecord, trials: Sequence[Trial]) -> int:
    """Write a run's trials, each with its own number, and return how many read back COMPLETE.

    A study that is already there whole is left alone; a partial one, of a write that was cut short,
    is made again.
    """
    name = run.study_name
    wanted = [TrialState.FAIL if trial.evaluation is None else TrialState.COMPLETE for trial in trials]
    with _storage(url) as storage:
        if name in {study.study_name for study in storage.get_all_studies()}:
            if _states(storage, name) == wanted:
                return wanted.count(TrialState.COMPLETE)
            optuna.delete_study(study_name=name, storage=storage)
        study = optuna.create_study(study_name=name, storage=storage, direction="maximize")
        study.set_user_attr("run_id", run.run_id)
        study.set_user_attr("spec", run.spec.to_record())
        study.set_user_attr("fixed", run.spec.held_values)
        add_trials(storage, study._study_id, [_trial(trial, run) for trial in trials])
        return _states(storage, name).count(TrialState.COMPLETE)


@contextmanager
def _storage(url: str) -> Iterator[RDBStorage]:
    """Open Optuna's storage and close its connections afterwards."""
    arguments = {"timeout": BUSY_TIMEOUT_S} if url.startswith("sqlite") else {}
    storage = RDBStorage(url, engine_kwargs={"connect_args": arguments})
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _states(storage: RDBStorage, name: str) -> list[TrialState]:
    """Return the states of a study's trials, by number."""
    study = optuna.load_study(study_name=name, storage=storage)
    return [trial.state for trial in study.get_trials(deepcopy=False)]


def _trial(trial: Trial, run: RunRecord) -> FrozenTrial:
    space = distributions(run.spec.mask_policy, run.spec.held) if trial.params else {}
    known = known_trial(trial, space)
    if trial.evaluation is None:  # also a ticket that never got parameters: each keeps its number
        return create_trial(
            state=TrialState.FAIL,
            params=known.params,
            distributions=space,
            user_attrs={"ticket": trial.number, "error": trial.error},
        )
    terms = trial.evaluation.to_json()
    facts: dict[str, Any] = {name: getattr(trial, name) for name in _FACTS}
    facts |= {name: terms[name] for name in _TERMS} | {"ticket": trial.number}
    complete = create_trial(value=known.value, params=known.params, distributions=space, user_attrs=facts)
    complete.datetime_start = _local(trial.started_at)
    complete.datetime_complete = _local(trial.finished_at)
    return complete


def _local(moment: str) -> datetime:
    """Return a moment as Optuna stores it: naive, in local time."""
    return datetime.fromisoformat(moment).astimezone().replace(tzinfo=None)
