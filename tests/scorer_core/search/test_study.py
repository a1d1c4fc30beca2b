"""The study of record: what the ledger holds, readable with Optuna's own tools."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.records import study_name
from scorer_core.ledger.trials import trial_of
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import UNSEEN_DEFAULTS, objective_params
from scorer_core.search.study import write_study
from tests.support.tickets import PARAMS, POOL, RUN, WORKER, A, B, C, claimed, fail, open_run, recorded, result, spec

SEEN = objective_params(MaskPolicy.MAX_OFFSET)


def finish(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        params = {**PARAMS, "max_offset": 1 + number}
        recorded(ledger, result(number, params, number / 10, node=f"rig-{number}", gpu=number))


def write(ledger: Ledger, url: str) -> int:
    return write_study(url, ledger.run(RUN), [trial_of(ticket) for ticket in ledger.tickets(RUN)])


def read(url: str, run_id: str = RUN) -> tuple[dict[str, Any], list[FrozenTrial]]:
    """Return a study's attributes and trials, as anybody reads them who has Optuna and the URL."""
    storage = optuna.storages.RDBStorage(url)
    try:
        study = optuna.load_study(study_name=study_name(run_id), storage=storage)
        return study.user_attrs, study.trials
    finally:
        storage.remove_session()
        storage.engine.dispose()


@pytest.mark.slow
def test_every_ticket_is_a_trial_of_the_same_number_with_its_facts(ledger: Ledger, url: str) -> None:
    open_run(ledger, spec(4))
    finish(ledger, 2, 0, 3, 1)

    assert write(ledger, url) == 4

    attributes, trials = read(url)
    assert attributes == {"run_id": RUN, "spec": spec(4).to_record(), "fixed": UNSEEN_DEFAULTS}
    assert len(trials) == 4
    for number, trial in enumerate(trials):
        assert (trial.number, trial.state, trial.value) == (number, TrialState.COMPLETE, number / 10)
        assert trial.params == {**{name: PARAMS[name] for name in SEEN}, "max_offset": 1 + number}
        expected: dict[str, Any] = {
            "ticket": number,
            "node": f"rig-{number}",
            "gpu": number,
            "worker_sha256": WORKER,
            "pool_sha256": POOL,
            "sample_size": 450,
            "seconds": 2.0,
            "keep": 0.1,
            "enrich": 0.3,
            "reason": "ok",
        }
        assert {name: trial.user_attrs[name] for name in expected} == expected


def test_a_trial_has_the_times_of_its_result(some_ledger: Ledger) -> None:
    open_run(some_ledger, spec(1))
    finish(some_ledger, 0)
    url = str(some_ledger.engine.url)

    write(some_ledger, url)

    [trial] = read(url)[1]
    assert trial.datetime_start is not None
    assert trial.datetime_start.astimezone() == datetime.fromisoformat("2024-05-06T07:08:01.123456+00:00")
    assert trial.duration is not None
    assert trial.duration.total_seconds() == 2.0


def test_a_failed_ticket_is_a_failed_trial_and_moves_no_number(some_ledger: Ledger) -> None:
    open_run(some_ledger, spec(3))
    for lane in (A, B, C):
        assert claimed(some_ledger, lane).number == 0
        fail(some_ledger, 0, lane, "out of memory")
    finish(some_ledger, 1, 2)
    url = str(some_ledger.engine.url)

    assert write(some_ledger, url) == 2

    trials = read(url)[1]
    assert [trial.state for trial in trials] == [TrialState.FAIL, TrialState.COMPLETE, TrialState.COMPLETE]
    assert [trial.user_attrs["ticket"] for trial in trials] == [0, 1, 2]
    assert trials[0].user_attrs["error"] == "out of memory"


def test_writing_again_changes_nothing(some_ledger: Ledger) -> None:
    open_run(some_ledger, spec(3))
    finish(some_ledger, 0, 1, 2)
    url = str(some_ledger.engine.url)
    write(some_ledger, url)
    before = read(url)[1]

    assert write(some_ledger, url) == 3

    assert [trial._trial_id for trial in read(url)[1]] == [trial._trial_id for trial in before]


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_write_that_was_cut_short_is_made_whole(some_ledger: Ledger, written: int) -> None:
    open_run(some_ledger, spec(3))
    finish(some_ledger, 0, 1)
    url = str(some_ledger.engine.url)
    storage = optuna.storages.RDBStorage(url)
    partial = optuna.create_study(study_name=study_name(RUN), storage=storage, direction="maximize")
    for _ in range(written):
        partial.add_trial(create_trial(value=0.0))
    storage.engine.dispose()
    finish(some_ledger, 2)

    assert write(some_ledger, url) == 3

    assert [trial.value for trial in read(url)[1]] == [0.0, 0.1, 0.2]


def test_a_ticket_finished_after_the_first_collect_is_in_the_study_after_the_second(some_ledger: Ledger) -> None:
    open_run(some_ledger, spec(2))
    finish(some_ledger, 0)
    url = str(some_ledger.engine.url)
    assert write(some_ledger, url) == 1
    finish(some_ledger, 1)

    assert write(some_ledger, url) == 2
    assert len(read(url)[1]) == 2


def test_runs_have_studies_of_their_own(some_ledger: Ledger) -> None:
    url = str(some_ledger.engine.url)
    for name in ("first", "second"):
        open_run(some_ledger, spec(1), name)
        recorded(some_ledger, result(0, objective=0.5 if name == "first" else 0.25), name)
        write_study(url, some_ledger.run(name), [trial_of(ticket) for ticket in some_ledger.tickets(name)])

    assert [[trial.value for trial in read(url, name)[1]] for name in ("first", "second")] == [[0.5], [0.25]]
