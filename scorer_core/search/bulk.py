"""Trials in Optuna's own tables: written all in one transaction and a few statements, and counted.

`Study.add_trials` asks the database some seventy times for each trial, 40 ms of them; a test holds what is written here
against what it writes. The tables are those of the pinned Optuna.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import insert, select


def add_trials(storage: RDBStorage, study_id: int, trials: Sequence[FrozenTrial]) -> None:
    """Add trials that have ended to an empty study, numbered from 0 in their order, all or none of them."""
    if not trials:
        return
    with storage.engine.begin() as connection:
        own = models.TrialModel.__table__
        made = connection.execute(
            insert(own).returning(own.c.trial_id, sort_by_parameter_order=True),
            [_trial_row(study_id, number, trial) for number, trial in enumerate(trials)],
        )
        numbered = list(zip(made.scalars(), trials, strict=True))
        for model, rows_of in (
            (models.TrialValueModel, _value_rows),
            (models.TrialParamModel, _param_rows),
            (models.TrialUserAttributeModel, _attribute_rows),
        ):
            rows = [row for trial_id, trial in numbered for row in rows_of(trial_id, trial)]
            if rows:
                connection.execute(insert(model.__table__), rows)


def states(storage: RDBStorage, study_id: int) -> list[TrialState]:
    """Return the states of a study's trials, by number."""
    own = models.TrialModel.__table__
    with storage.engine.connect() as connection:
        return list(
            connection.scalars(select(own.c.state).where(own.c.study_id == study_id).order_by(own.c.number)).all()
        )


def _trial_row(study_id: int, number: int, trial: FrozenTrial) -> dict[str, Any]:
    return {
        "study_id": study_id,
        "number": number,
        "state": trial.state,
        "datetime_start": _utc(trial.datetime_start),
        "datetime_complete": _utc(trial.datetime_complete),
    }


def _value_rows(trial_id: int, trial: FrozenTrial) -> list[dict[str, Any]]:
    if trial.value is None:
        return []
    value, kind = models.TrialValueModel.value_to_stored_repr(trial.value)
    return [{"trial_id": trial_id, "objective": 0, "value": value, "value_type": kind}]


def _param_rows(trial_id: int, trial: FrozenTrial) -> list[dict[str, Any]]:
    return [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": trial.distributions[name].to_internal_repr(value),
            "distribution_json": distribution_to_json(trial.distributions[name]),
        }
        for name, value in trial.params.items()
    ]


def _attribute_rows(trial_id: int, trial: FrozenTrial) -> list[dict[str, Any]]:
    return [
        {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in trial.user_attrs.items()
    ]


def _utc(moment: datetime | None) -> datetime | None:
    """Return a naive local moment as Optuna stores it: naive, in UTC."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
