"""Many finished trials into an Optuna study at once: `Study.add_trials` takes 40 ms for each.

The rows are those that Optuna's own storage writes for one trial after the other (`RDBStorage.create_new_trial`,
Optuna 5); a test compares what reads back from both. All stand in one transaction: a study has all trials or none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial
from sqlalchemy import Connection, Table, insert, select

Rows = Iterable[dict[str, Any]]


def add_trials(storage: RDBStorage, study_id: int, trials: Sequence[FrozenTrial]) -> None:
    """Add finished trials to a study that has none; their numbers are their places in the sequence.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database refused them; the study still has none.
    """
    with storage.engine.begin() as connection:
        _insert(connection, models.TrialModel, (_trial(study_id, place, one) for place, one in enumerate(trials)))
        columns = models.TrialModel.__table__.c
        found = connection.execute(select(columns.number, columns.trial_id).where(columns.study_id == study_id))
        ids: dict[int, int] = {number: trial_id for number, trial_id in found}
        each = [(ids[place], one) for place, one in enumerate(trials)]
        _insert(connection, models.TrialValueModel, (row for key, one in each for row in _values(key, one)))
        _insert(connection, models.TrialParamModel, (row for key, one in each for row in _params(key, one)))
        _insert(
            connection,
            models.TrialUserAttributeModel,
            (row for key, one in each for row in _attributes(key, one.user_attrs)),
        )


def _insert(connection: Connection, model: Any, rows: Rows) -> None:
    table: Table = model.__table__
    listed = list(rows)
    if listed:
        connection.execute(insert(table), listed)


def _trial(study_id: int, number: int, trial: FrozenTrial) -> dict[str, Any]:
    row = models.TrialModel(datetime_start=trial.datetime_start, datetime_complete=trial.datetime_complete)
    return {
        "study_id": study_id,
        "number": number,
        "state": trial.state,
        "datetime_start": row._datetime_start_utc,
        "datetime_complete": row._datetime_complete_utc,
    }


def _values(trial_id: int, trial: FrozenTrial) -> Rows:
    for objective, told in enumerate(trial.values or ()):
        value, kind = models.TrialValueModel.value_to_stored_repr(told)
        yield {"trial_id": trial_id, "objective": objective, "value": value, "value_type": kind}


def _params(trial_id: int, trial: FrozenTrial) -> Rows:
    for name, value in trial.params.items():
        distribution = trial.distributions[name]
        yield {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": distribution.to_internal_repr(value),
            "distribution_json": distribution_to_json(distribution),
        }


def _attributes(trial_id: int, attributes: Mapping[str, Any]) -> Rows:
    for key, value in attributes.items():
        yield {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)}
