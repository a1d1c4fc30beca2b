"""The ledger, example by example, on SQLite and on PostgreSQL."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from scorer_core.errors import ResultConflict, RunError, RunNotFound
from scorer_core.ledger.database import UtcDateTime
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.tables import RunRow
from scorer_core.run.trials import TicketState
from tests.support.tickets import (
    PARAMS,
    RUN,
    A,
    B,
    C,
    Clock,
    D,
    best_objective,
    claim,
    fail,
    open_run,
    recorded,
    result,
    spec,
)


def numbers(ledger: Ledger, state: TicketState, run_id: str = RUN) -> list[int]:
    return [ticket.number for ticket in ledger.tickets(run_id) if ticket.state is state]


def test_a_new_run_has_exactly_its_budget_of_open_tickets(ledger: Ledger) -> None:
    open_run(ledger, spec(n_trials=5))

    tickets = ledger.tickets(RUN)
    assert [ticket.number for ticket in tickets] == [0, 1, 2, 3, 4]
    assert {(ticket.state, ticket.attempts, ticket.params) for ticket in tickets} == {(TicketState.OPEN, 0, None)}
    assert not ledger.spent(RUN)
    assert best_objective(ledger, RUN) is None


def test_a_run_is_read_back_as_it_was_opened(ledger: Ledger, clock: Clock) -> None:
    wanted = spec(n_trials=2, min_lift=1.2)
    open_run(ledger, wanted, folder="/runs/with spaces")

    run = ledger.run(RUN)
    assert (run.spec, run.folder, run.created_at, run.ended_at) == (wanted, "/runs/with spaces", clock.now, None)


def test_opening_the_same_run_twice_keeps_what_was_done(ledger: Ledger) -> None:
    open_run(ledger, spec())
    recorded(ledger, result(1))

    open_run(ledger, spec())

    assert numbers(ledger, TicketState.DONE) == [1]
    assert len(ledger.tickets(RUN)) == 3


@pytest.mark.parametrize(
    ("n_trials", "inputs", "named"),
    [
        (4, {}, "spec"),
        (3, {"worker_sha256": "d" * 64}, "worker_sha256"),
        (3, {"pool_sha256": "d" * 64}, "pool_sha256"),
        (3, {"pool_content": "d" * 64, "folder": "/elsewhere"}, "pool_content, folder"),
    ],
)
def test_opening_a_run_with_other_inputs_is_refused_by_name(
    ledger: Ledger, n_trials: int, inputs: dict[str, Any], named: str
) -> None:
    open_run(ledger, spec())

    with pytest.raises(RunError, match=f"exists with another {named}. .*trigger a new run"):
        open_run(ledger, spec(n_trials=n_trials), RUN, None, **inputs)

    assert len(ledger.tickets(RUN)) == 3


def store(ledger: Ledger, **changes: object) -> None:
    """Write a stored spec anew, as another release may have; a field is left out by None."""
    record = {**spec().to_record(), **changes}
    with ledger.engine.begin() as connection:
        kept = {name: value for name, value in record.items() if value is not None}
        connection.execute(update(RunRow).where(RunRow.run_id == RUN).values(spec=kept))


def test_a_retry_finds_its_run_although_another_release_stored_the_spec(ledger: Ledger) -> None:
    open_run(ledger, spec())
    store(ledger, min_gpus=None, pruner="hyperband")

    open_run(ledger, spec())

    assert len(ledger.tickets(RUN)) == 3
    with pytest.raises(RunError, match="exists with another spec"):
        open_run(ledger, spec(min_gpus=2))


def test_a_run_that_a_conf_could_not_make_today_is_read(ledger: Ledger) -> None:
    open_run(ledger, spec())
    store(ledger, sample_size=10, min_lift=0.5)

    (run,) = ledger.runs()

    assert (run.spec.sample_size, run.spec.min_lift) == (10, 0.5)
    assert ledger.run(RUN) == run


def test_a_ticket_keeps_its_first_parameters_and_says_so(ledger: Ledger) -> None:
    open_run(ledger, spec())

    first = ledger.assign(RUN, 0, PARAMS)
    second = ledger.assign(RUN, 0, {**PARAMS, "max_offset": 1})

    assert first == second == ledger.tickets(RUN)[0].params == PARAMS


def test_a_result_is_kept_whole(ledger: Ledger) -> None:
    open_run(ledger, spec())
    answer = result(2, objective=0.123456789012345678)

    recorded(ledger, answer)

    ticket = ledger.tickets(RUN)[2]
    assert (ticket.state, ticket.result, ticket.params, ticket.error) == (TicketState.DONE, answer, PARAMS, None)
    assert best_objective(ledger, RUN) == answer.evaluation["objective"]


def test_the_same_answer_from_another_place_changes_nothing(ledger: Ledger) -> None:
    open_run(ledger, spec())
    recorded(ledger, result(0, node="rig-a"))

    recorded(ledger, result(0, node="rig-b", gpu=5))

    kept = ledger.tickets(RUN)[0].result
    assert kept is not None
    assert kept.node == "rig-a"


def test_another_answer_is_a_conflict_that_names_both_nodes(ledger: Ledger) -> None:
    open_run(ledger, spec())
    recorded(ledger, result(0, objective=0.25, node="rig-a"))

    with pytest.raises(ResultConflict, match="trial 0 has two different results, one of rig-a, one of rig-b"):
        recorded(ledger, result(0, objective=0.26, node="rig-b"))

    assert best_objective(ledger, RUN) == 0.25


def test_a_result_for_other_parameters_than_the_tickets_is_refused(ledger: Ledger) -> None:
    open_run(ledger, spec())
    ledger.assign(RUN, 0, PARAMS)

    with pytest.raises(ResultConflict, match="trial 0 from rig-a is for other parameters"):
        recorded(ledger, result(0, {**PARAMS, "max_offset": 1}))

    assert numbers(ledger, TicketState.DONE) == []


def test_a_result_for_a_ticket_that_nobody_chose_parameters_for_is_refused(ledger: Ledger) -> None:
    """Or a rig's journal would choose them."""
    open_run(ledger, spec())

    with pytest.raises(ResultConflict, match="trial 0 from rig-a is for other parameters"):
        ledger.record(RUN, result(0))

    assert ledger.tickets(RUN)[0].params is None
    assert numbers(ledger, TicketState.DONE) == []


def test_an_answer_under_another_trials_number_is_refused(ledger: Ledger) -> None:
    open_run(ledger, spec())
    ledger.assign(RUN, 1, PARAMS)

    with pytest.raises(ResultConflict, match="rig-a calls its answer to trial 0 one to trial 1"):
        ledger.record(RUN, replace(result(0), trial_number=1))

    assert numbers(ledger, TicketState.DONE) == []


def test_a_result_for_a_ticket_beyond_the_budget_is_refused(ledger: Ledger) -> None:
    open_run(ledger, spec(n_trials=3))

    with pytest.raises(RunNotFound, match="no ticket 3"):
        recorded(ledger, result(3))

    assert len(ledger.tickets(RUN)) == 3


def test_a_trial_that_fails_too_often_is_given_up_and_says_why(ledger: Ledger) -> None:
    open_run(ledger, spec(n_trials=1))
    states = []
    for lane in (A, B, C):
        claim(ledger, lane)
        states.append(fail(ledger, 0, lane, f"{lane.node}: out of memory"))

    assert states == [TicketState.OPEN, TicketState.OPEN, TicketState.FAILED]
    assert claim(ledger, D) is None
    assert ledger.spent(RUN)
    assert ledger.tickets(RUN)[0].error == "rig-c: out of memory"


def test_a_late_result_saves_a_trial_that_was_given_up(ledger: Ledger) -> None:
    open_run(ledger, spec(n_trials=1))
    for lane in (A, B, C):
        claim(ledger, lane)
        fail(ledger, 0, lane)

    recorded(ledger, result(0))

    assert ledger.counts(RUN)[TicketState.DONE] == 1
    assert ledger.tickets(RUN)[0].error is None


def test_a_lane_that_lost_its_lease_cannot_fail_its_successors_attempt(ledger: Ledger, clock: Clock) -> None:
    open_run(ledger, spec(n_trials=1))
    claim(ledger, A)
    clock.advance(61)
    claim(ledger, B)

    state = fail(ledger, 0, A)

    ticket = ledger.tickets(RUN)[0]
    assert (state, ticket.state, ticket.lane, ticket.error) == (
        TicketState.LEASED,
        TicketState.LEASED,
        B.label,
        None,
    )


def test_a_failed_attempt_after_the_result_changes_nothing(ledger: Ledger) -> None:
    open_run(ledger, spec())
    claim(ledger, A)
    recorded(ledger, result(0))

    assert fail(ledger, 0, A) is TicketState.DONE
    assert ledger.tickets(RUN)[0].error is None


def test_runs_do_not_touch_each_other(ledger: Ledger, clock: Clock) -> None:
    open_run(ledger, spec(), "first")
    clock.advance(1)
    open_run(ledger, spec(n_trials=1), "second")
    recorded(ledger, result(0), "second")

    assert [run.run_id for run in ledger.runs()] == ["second", "first"]
    assert ledger.spent("second")
    assert not ledger.spent("first")
    assert numbers(ledger, TicketState.OPEN, "first") == [0, 1, 2]
    assert best_objective(ledger, "first") is None


def test_a_run_ends_once(ledger: Ledger, clock: Clock) -> None:
    open_run(ledger, spec())
    clock.advance(5)
    ledger.end_run(RUN)
    ended = clock.now
    clock.advance(5)

    ledger.end_run(RUN)

    assert ledger.run(RUN).ended_at == ended


def test_an_unknown_run_is_refused_with_the_command_that_lists_them(ledger: Ledger) -> None:
    with pytest.raises(RunNotFound, match="knows no run 'nope'; `scorer runs` lists"):
        ledger.run("nope")


def test_making_the_tables_again_keeps_what_is_in_them(ledger: Ledger) -> None:
    open_run(ledger, spec())

    ledger.create_tables()

    assert len(ledger.tickets(RUN)) == 3


def test_moments_are_kept_in_utc_and_naive_ones_are_refused(url: str) -> None:
    summer = datetime(2024, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    ledger = Ledger(url, lambda: summer)
    ledger.create_tables()
    open_run(ledger, spec())
    ledger.engine.dispose()

    kept = ledger.run(RUN).created_at
    assert kept == summer
    assert kept.utcoffset() == timedelta(0)
    with pytest.raises(ValueError, match="aware datetimes"):
        UtcDateTime().process_bind_param(datetime(2024, 7, 1), ledger.engine.dialect)
    ledger.engine.dispose()


def test_the_folder_of_a_new_database_is_private(some_ledger: Ledger, tmp_path: Path) -> None:
    Ledger(f"sqlite:///{tmp_path / 'new' / 'folder' / 'scorer.db'}").create_tables()

    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700
