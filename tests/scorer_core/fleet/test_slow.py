"""A rig that was slow in a run is told of, and drained where the installation wants that, until a person lifts it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scorer_core.fleet.slow import SPEED, tell_slow
from scorer_core.ledger.checks import checked, note
from scorer_core.ledger.drains import active_drains, lift
from scorer_core.ledger.ledger import Ledger
from scorer_core.rig.health.check import Finding, State
from scorer_core.run import clock as clocks
from tests.support.tickets import RUN, A, B, Clock, claimed, open_run, recorded, result, spec

NODES = ("rig-a", "rig-b")


@pytest.fixture
def run(some_ledger: Ledger) -> Ledger:
    """A run in which rig B took three times as long as rig A."""
    open_run(some_ledger, spec(40))
    for number in range(40):
        lane, seconds = (A, 1.0) if number % 2 else (B, 3.0)
        held = claimed(some_ledger, lane)
        answer = result(held.number, node=lane.node, gpu=lane.gpu)
        recorded(some_ledger, replace(answer, seconds=seconds + number / 100))
    return some_ledger


def told(ledger: Ledger, *, drain: bool = False, clock: clocks.Clock = clocks.utc_now) -> dict[str, str]:
    return tell_slow(ledger.engine, ledger.run(RUN), NODES, drain=drain, clock=clock)


def drained(ledger: Ledger) -> list[tuple[str, str | None, str]]:
    return [(one.place, one.check, one.who) for one in active_drains(ledger.engine)]


def test_a_slow_rig_is_told_of_and_nothing_is_drained(run: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    slow = told(run)

    assert list(slow) == ["rig-b"]
    assert slow["rig-b"].startswith("rig-b takes 2.")
    assert slow["rig-b"] in caplog.text
    assert drained(run) == []
    states = {(one.node, one.finding.check): one.finding.state for one in checked(run.engine)}
    assert states == {("rig-a", SPEED): State.OK, ("rig-b", SPEED): State.FAILED}


def test_with_the_setting_it_is_drained_until_a_person_lifts_it(run: Ledger) -> None:
    told(run, drain=True)
    assert drained(run) == [("rig-b", SPEED, "check speed")]

    note(run.engine, "rig-b", [Finding(SPEED, None, State.OK)])
    assert drained(run) == [("rig-b", SPEED, "check speed")], "a check does not lift it"

    lift(run.engine, "rig-b", None, "ann@head")
    told(run, drain=True)
    assert drained(run) == [], "who lifted it knows better than this run"


def test_a_later_run_in_which_it_is_slow_drains_it_again(run: Ledger, clock: Clock) -> None:
    told(run, drain=True, clock=clock)
    lift(run.engine, "rig-b", None, "ann@head")
    later = replace(run.run(RUN), created_at=clock.now.replace(year=clock.now.year + 1))

    tell_slow(run.engine, later, NODES, drain=True)

    assert len(drained(run)) == 1


def test_a_node_that_the_inventory_does_not_have_is_nobody_s_slow_rig(run: Ledger) -> None:
    assert tell_slow(run.engine, run.run(RUN), ["rig-a"], drain=True) == {}
    assert drained(run) == []
