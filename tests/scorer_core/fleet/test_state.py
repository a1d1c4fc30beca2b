"""The fleet at a glance, from the ledger: what each GPU does, how fast it is, and what speaks against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scorer_core.cluster import Node
from scorer_core.fleet.state import FleetState, GpuState, fleet_state, node_states
from scorer_core.ledger.checks import note
from scorer_core.ledger.drains import drain
from scorer_core.ledger.ledger import Ledger
from scorer_core.rig.health.check import Finding, State
from scorer_core.run.slot import Slot
from tests.scorer_core.fleet.test_deployed import a_node
from tests.support.tickets import RUN, A, B, Clock, claimed, open_run, recorded, result, spec


@pytest.fixture
def nodes() -> list[Node]:
    """Two nodes, of two GPUs and of one."""
    gpus = {"vendor": "nvidia", "count": 2}
    return [Node.model_validate({**a_node("rig-a").model_dump(), "gpu": gpus}), a_node("rig-b")]


def gpu(state: FleetState, place: int, number: int = 0) -> GpuState:
    return state.nodes[place].gpus[number]


def test_of_a_fleet_that_nobody_asked_everything_is_ready_and_nothing_known(
    some_ledger: Ledger, nodes: list[Node], clock: Clock
) -> None:
    state = fleet_state(some_ledger.engine, nodes, clock)

    assert (state.at, state.run_id, [node.ready for node in state.nodes]) == (clock.now, None, [2, 1])
    assert gpu(state, 0) == GpuState("rig-a", 0, (), (), None, None, None, None, None, None)
    assert (state.nodes[0].checked_at, state.nodes[0].speed) == (None, None)


def test_drains_of_a_gpu_and_of_a_node_hold_for_what_they_name(some_ledger: Ledger, nodes: list[Node]) -> None:
    drain(some_ledger.engine, "rig-a", 1, "loud fan", "ann")
    drain(some_ledger.engine, "rig-b", None, "moved", "ann")

    state = fleet_state(some_ledger.engine, nodes)

    assert [[one.ready for one in node.gpus] for node in state.nodes] == [[True, False], [False]]
    assert [one.place for one in gpu(state, 1).drains] == ["rig-b"]
    assert (state.nodes[0].drains, [one.place for one in state.nodes[1].drains]) == ((), ["rig-b"])


def test_checks_that_did_not_pass_stand_at_their_place_and_measurements_at_their_gpu(
    some_ledger: Ledger, nodes: list[Node], clock: Clock
) -> None:
    note(
        some_ledger.engine,
        "rig-a",
        [
            Finding("temperature", 1, State.FAILED, "95 °C", {"temperature_c": 95.0}),
            Finding("driver", 1, State.OK, values={"busy_percent": 7.0}),
            Finding("disk", None, State.UNREADABLE, "hangs"),
        ],
        clock,
    )

    state = fleet_state(some_ledger.engine, nodes, clock)

    assert [one.finding.check for one in gpu(state, 0, 1).failing] == ["temperature"]
    assert (gpu(state, 0, 1).temperature_c, gpu(state, 0, 1).busy_percent) == (95.0, 7.0)
    assert (gpu(state, 0, 0).failing, gpu(state, 0, 0).temperature_c) == ((), None)
    assert [one.finding.check for one in state.nodes[0].failing] == ["disk"]
    assert (state.nodes[0].checked_at, state.nodes[1].checked_at) == (clock.now, None)


def test_the_newest_run_with_results_says_how_fast_each_gpu_is(
    some_ledger: Ledger, nodes: list[Node], clock: Clock
) -> None:
    for run, seconds in (("old", 9.0), ("new", 2.0)):
        open_run(some_ledger, spec(4), run)
        recorded(some_ledger, replace(result(claimed(some_ledger, A, run).number), seconds=seconds), run)
        clock.advance(60)
    open_run(some_ledger, spec(4), "empty")

    state = fleet_state(some_ledger.engine, nodes, clock)

    assert (state.run_id, gpu(state, 0).median_s) == ("new", 2.0)
    assert gpu(state, 0).trials_an_hour == pytest.approx(1800.0)
    assert (gpu(state, 0, 1).median_s, gpu(state, 0, 1).trials_an_hour) == (None, None)
    assert [node.speed for node in node_states(some_ledger.engine, nodes)] == [None, None]


def test_trials_an_hour_count_from_the_first_start_to_the_last_end(some_ledger: Ledger, nodes: list[Node]) -> None:
    open_run(some_ledger, spec(4))
    for second in (3, 7):  # two trials of two seconds, with two seconds between them
        answer = result(claimed(some_ledger, A).number)
        recorded(some_ledger, replace(answer, finished_at=f"2024-05-06T07:08:{second:02d}+00:00"))

    assert gpu(fleet_state(some_ledger.engine, nodes), 0).trials_an_hour == pytest.approx(2 * 3600 / 6)


def test_a_lane_that_holds_a_ticket_works_on_it_until_the_run_ends(
    some_ledger: Ledger, nodes: list[Node], clock: Clock
) -> None:
    open_run(some_ledger, spec(4))
    claimed(some_ledger, Slot("rig-a", 1))
    claimed(some_ledger, B)

    state = fleet_state(some_ledger.engine, nodes, clock)

    assert (gpu(state, 0, 0).works_on, gpu(state, 0, 1).works_on, gpu(state, 1).works_on) == (
        None,
        f"{RUN} #0",
        f"{RUN} #1",
    )
    assert gpu(state, 0, 1).last_seen == clock.now
    some_ledger.end_run(RUN)
    assert gpu(fleet_state(some_ledger.engine, nodes), 1).works_on is None


def test_as_json_ages_are_in_seconds_and_what_is_not_known_is_null(
    some_ledger: Ledger, nodes: list[Node], clock: Clock
) -> None:
    note(some_ledger.engine, "rig-a", [Finding("driver", 0, State.FAILED, "lost")], clock)

    record = fleet_state(some_ledger.engine, nodes, lambda: clock.now + timedelta(seconds=12.34)).to_json()

    rig = record["nodes"][0]
    assert (rig["name"], rig["ready"], rig["checked_s_ago"], rig["speed"]) == ("rig-a", 1, 12.3, None)
    assert rig["gpus"][0]["drains"][0]["since"] == clock.now.isoformat()
    (check,) = rig["gpus"][0]["failing"]
    assert (check["check"], check["state"], check["s_ago"], check["problem_of"]) == ("driver", "failed", 12.3, "rig")
    assert rig["gpus"][1]["seen_s_ago"] is None
