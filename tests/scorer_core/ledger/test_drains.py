"""Drains: by a check that lifts them itself, or by hand; across runs, on every database."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from scorer_core.errors import Drained, RunError
from scorer_core.ledger.checks import checked, note, note_in
from scorer_core.ledger.database import writing
from scorer_core.ledger.drains import active_drains, drain, lift
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.stops import give_up_rest, stop
from scorer_core.rig.health.check import Finding, State
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from tests.support.tickets import LEASE, PARAMS, RUN, A, B, Clock, claim, claimed, open_run, result, spec

HOT = Finding("temperature", 0, State.FAILED, "95 °C, 90 °C is too hot", {"temperature_c": 95.0})
COOL = Finding("temperature", 0, State.OK, values={"temperature_c": 60.0})


def places(ledger: Ledger) -> list[str]:
    return [one.place for one in active_drains(ledger.engine)]


def test_a_check_drains_what_fails_once_and_lifts_it_when_it_passes(ledger: Ledger, clock: Clock) -> None:
    for _ in range(2):
        note(ledger.engine, "rig-a", [HOT], clock)
    (held,) = active_drains(ledger.engine)
    assert (held.place, held.check, held.since) == ("rig-a:0", "temperature", clock.now)

    clock.advance(60)
    _, lifted = note(ledger.engine, "rig-a", [COOL], clock)

    assert [one.place for one in lifted] == ["rig-a:0"]
    assert places(ledger) == []
    (last,) = checked(ledger.engine)
    assert (last.finding, last.checked_at) == (COOL, clock.now)


def test_two_lanes_that_look_at_a_rig_at_once_do_not_fail_each_other(ledger: Ledger, clock: Clock) -> None:
    writer = writing(ledger.engine)
    with ThreadPoolExecutor(1) as other_lane:
        with writer.begin() as connection:
            note_in(connection, "rig-a", [COOL], clock())
            beside = other_lane.submit(note, writer, "rig-a", [HOT], clock)
            time.sleep(0.3)  # it waits for this transaction, whose row it cannot see
            assert not beside.done()
        made, _ = beside.result(30)

    assert [one.place for one in made] == ["rig-a:0"]
    assert [one.finding for one in checked(ledger.engine)] == [HOT]


@pytest.mark.parametrize(
    ("check", "state", "drained"),
    [
        ("driver", State.UNREADABLE, True),
        ("temperature", State.UNREADABLE, False),
        ("foreign", State.FAILED, False),
        ("memory_errors", State.FAILED, True),
    ],
)
def test_what_nobody_can_read_drains_only_where_the_driver_hangs(
    some_ledger: Ledger, check: str, state: State, drained: bool
) -> None:
    note(some_ledger.engine, "rig-a", [Finding(check, 3, state, "odd")])

    assert places(some_ledger) == (["rig-a:3"] if drained else [])


def test_what_is_unreadable_lifts_nothing(some_ledger: Ledger) -> None:
    note(some_ledger.engine, "rig-a", [HOT])
    note(some_ledger.engine, "rig-a", [Finding("temperature", 0, State.UNREADABLE, "hangs")])

    assert places(some_ledger) == ["rig-a:0"]


def test_a_person_s_drain_is_not_lifted_by_a_check_and_says_who_made_and_lifted_it(ledger: Ledger) -> None:
    drain(ledger.engine, "rig-a", 0, "loud fan\x1b[2J", "ann@head")
    drain(ledger.engine, "rig-a", None, "moved", "bob@head")
    note(ledger.engine, "rig-a", [HOT])
    note(ledger.engine, "rig-a", [COOL])
    assert places(ledger) == ["rig-a:0", "rig-a"]

    (lifted,) = lift(ledger.engine, "rig-a", 0, "eve@head")

    assert (lifted.who, lifted.reason) == ("ann@head", "loud fan\N{REPLACEMENT CHARACTER}[2J")
    assert places(ledger) == ["rig-a"]


@pytest.mark.parametrize("gpu", [0, None])
def test_what_a_drained_lane_held_before_it_was_started_again_goes_to_others_at_once(
    ledger: Ledger, gpu: int | None
) -> None:
    open_run(ledger, spec(4))
    held = claimed(ledger, A)
    ledger.assign(RUN, held.number, PARAMS)
    drain(ledger.engine, A.node, gpu, "loud fan", "ann@head")

    with pytest.raises(Drained):
        claim(ledger, A)

    again = claimed(ledger, B)
    assert (again.number, again.params, again.attempts) == (held.number, PARAMS, 2)
    ledger.record(RUN, result(held.number))  # the earlier lane was alive after all: the same answer, once
    assert ledger.counts(RUN)[TicketState.DONE] == 1


@pytest.mark.parametrize("gpu", [0, None])
def test_a_lane_ends_after_its_trial_and_its_result_is_kept(ledger: Ledger, gpu: int | None) -> None:
    open_run(ledger, spec(4))
    held = claimed(ledger, A)
    ledger.assign(RUN, held.number, PARAMS)
    drain(ledger.engine, A.node, gpu, "loud fan", "ann@head")

    with pytest.raises(Drained, match="is drained by ann@head since .*: loud fan") as ended:
        ledger.claim(RUN, A, LEASE, after=result(held.number))

    assert not ended.value.by_check
    assert ledger.counts(RUN)[TicketState.DONE] == 1
    assert claimed(ledger, B).number == 1
    if gpu is not None:
        assert claimed(ledger, Slot(A.node, 1)).number == 2, "the other GPUs of its node work on"


def test_a_drain_holds_in_the_next_run_and_in_two_at_once(ledger: Ledger) -> None:
    drain(ledger.engine, A.node, 0, "loud fan", "ann@head")
    for run in ("one", "two"):
        open_run(ledger, spec(2), run)
        with pytest.raises(Drained):
            claim(ledger, A, run)
        assert claimed(ledger, B, run).number == 0

    lift(ledger.engine, A.node, 0, "ann@head")

    assert [claimed(ledger, A, run).number for run in ("one", "two")] == [1, 1]


def test_a_stopped_run_gives_no_more_tickets_and_gives_up_the_rest(ledger: Ledger, clock: Clock) -> None:
    open_run(ledger, spec(3))
    held = claimed(ledger, A)
    ledger.assign(RUN, held.number, PARAMS)

    since = stop(ledger.engine, RUN, "ann@head", clock)
    clock.advance(5)

    assert stop(ledger.engine, RUN, "bob@head", clock) == since
    assert ledger.claim(RUN, A, LEASE, after=result(held.number)) is None
    assert ledger.spent(RUN)
    assert (ledger.run(RUN).stopped_by, ledger.run(RUN).stopped_at) == ("ann@head", since)
    assert give_up_rest(ledger.engine, RUN, "stopped") == 2
    assert [ticket.state for ticket in ledger.tickets(RUN)] == [TicketState.DONE, *[TicketState.FAILED] * 2]


def test_a_run_that_has_ended_cannot_be_stopped(some_ledger: Ledger) -> None:
    open_run(some_ledger, spec(1))
    some_ledger.end_run(RUN)

    with pytest.raises(RunError, match="has ended"):
        stop(some_ledger.engine, RUN, "ann@head")
