"""Trials written in bulk read back as those that Optuna's own API writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError

from scorer_core.ledger.ledger import Ledger
from scorer_core.search.optuna_bulk import add_trials

SPACE = {
    "modulus": IntDistribution(500, 1500),
    "rate": FloatDistribution(1e-5, 1e-1, log=True),
    "keep": FloatDistribution(0.1, 0.9, step=0.01),
    "layers": CategoricalDistribution(("128_64", "64")),
}


def some_trials(count: int) -> list[FrozenTrial]:
    """Return finished and failed trials, with attributes of every type that JSON has."""
    began = datetime(2024, 5, 6, 7, 8, 9, 123456)
    trials = []
    for number in range(count):
        if number % 5 == 3:
            trials.append(
                create_trial(state=TrialState.FAIL, user_attrs={"ticket": number, "error": "out of 'memory'"})
            )
            continue
        params: dict[str, Any] = {
            "modulus": 500 + number,
            "rate": 1e-3 / (1 + number),
            "keep": 0.1 + 0.01 * number,
            "layers": ("128_64", "64")[number % 2],
        }
        facts: dict[str, Any] = {
            "node": "rig-ä",
            "gpu": None,
            "seconds": 0.1,
            "blind": True,
            "pass_rates": [0.1, 0.2],
            "n": {},
        }
        trial = create_trial(value=-1 / (1 + number), params=params, distributions=SPACE, user_attrs=facts)
        trial.datetime_start = began + timedelta(seconds=number)
        trial.datetime_complete = began + timedelta(seconds=number, microseconds=250)
        trials.append(trial)
    return trials


@pytest.fixture
def storage(ledger: Ledger, url: str) -> Iterator[RDBStorage]:
    """Optuna's storage in the ledger's database, as a run has it."""
    storage = RDBStorage(url)
    yield storage
    storage.remove_session()
    storage.engine.dispose()


@pytest.fixture
def file_storage(tmp_path: Path) -> Iterator[RDBStorage]:
    storage = RDBStorage(f"sqlite:///{tmp_path / 'study.db'}")
    yield storage
    storage.remove_session()
    storage.engine.dispose()


def read_back(storage: RDBStorage, name: str) -> list[dict[str, Any]]:
    fresh = RDBStorage(storage.url)
    shown = [dict(vars(trial)) for trial in optuna.load_study(study_name=name, storage=fresh).trials]
    fresh.engine.dispose()
    for trial in shown:
        del trial["_trial_id"]
    return shown


def rows(storage: RDBStorage, name: str, table: str) -> list[Any]:
    """Return what stands in one of Optuna's tables for a study, without the numbers of rows."""
    studies = optuna.storages._rdb.models.StudyModel.__table__
    trials = optuna.storages._rdb.models.TrialModel.__table__
    where = optuna.storages._rdb.models.BaseModel.metadata.tables[table]
    counted = {column.name for column in where.primary_key} | {"trial_id", "study_id"}
    shown = [column for column in where.c if column.name not in counted]
    joined = where if where is trials else where.join(trials, where.c.trial_id == trials.c.trial_id)
    joined = joined.join(studies, trials.c.study_id == studies.c.study_id)
    with storage.engine.connect() as connection:
        found = connection.execute(
            select(trials.c.number.label("trial"), *shown).select_from(joined).where(studies.c.study_name == name)
        )
        return sorted((tuple(row) for row in found), key=repr)


def test_they_read_back_as_if_written_one_by_one(storage: RDBStorage) -> None:
    trials = some_trials(12)
    one_by_one = optuna.create_study(study_name="one by one", storage=storage, direction="maximize")
    at_once = optuna.create_study(study_name="at once", storage=storage, direction="maximize")

    one_by_one.add_trials(trials)
    add_trials(storage, at_once._study_id, trials)

    assert len(read_back(storage, "at once")) == 12
    assert read_back(storage, "at once") == read_back(storage, "one by one")
    tables = [name for name in optuna.storages._rdb.models.BaseModel.metadata.tables if name.startswith("trial")]
    for table in tables:
        if table != "trial_heartbeats":
            assert rows(storage, "at once", table) == rows(storage, "one by one", table), table
    assert at_once.best_trial.number == one_by_one.best_trial.number


def test_a_trial_that_is_told_afterwards_is_the_next(storage: RDBStorage) -> None:
    study = optuna.create_study(storage=storage, direction="maximize")
    add_trials(storage, study._study_id, some_trials(4))

    asked = study.ask(SPACE)
    study.tell(asked, 0.5)

    assert asked.number == 4
    assert study.best_value == 0.5


def test_a_write_that_fails_leaves_no_trial(file_storage: RDBStorage) -> None:
    study = optuna.create_study(storage=file_storage, direction="maximize")

    @event.listens_for(file_storage.engine, "before_cursor_execute")
    def fill_the_disk(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "trial_user_attributes" in statement:
            raise IntegrityError(statement, None, Exception("disk full"))

    with pytest.raises(IntegrityError, match="disk full"):
        add_trials(file_storage, study._study_id, some_trials(3))

    with file_storage.engine.connect() as connection:
        assert connection.execute(text("select count(*) from trials")).scalar() == 0


@pytest.mark.alone
def test_a_trial_takes_five_milliseconds_at_most(file_storage: RDBStorage) -> None:
    study = optuna.create_study(storage=file_storage, direction="maximize")
    trials = some_trials(80) * 25

    began = time.perf_counter()
    add_trials(file_storage, study._study_id, trials)

    assert (time.perf_counter() - began) / len(trials) <= 0.005


def test_no_trials_are_no_error(file_storage: RDBStorage) -> None:
    study = optuna.create_study(storage=file_storage, direction="maximize")

    add_trials(file_storage, study._study_id, [])

    assert study.trials == []
