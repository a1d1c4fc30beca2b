"""What a deployment tells of a node is kept, and `collect` does not dial what is known to be down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from scorer_core.cluster import Inventory, Node
from scorer_core.errors import HostKeyMismatch, RigError, RigUnfit, RigUnreachable
from scorer_core.fleet.deployed import known_down, left_out, note_error, note_unreachable, noted
from scorer_core.ledger.checks import checked, note
from scorer_core.ledger.drains import active_drains, drain
from scorer_core.ledger.health import BREAKER_FAILURES
from scorer_core.ledger.ledger import Ledger
from scorer_core.rig.health.check import Finding, State
from scorer_core.transport.deploy import NodeReport
from tests.support.tickets import RUN, A, B, Clock, claimed, fail, open_run, recorded, result, spec

REPORT = NodeReport("rig-a", 1, "nvidia-smi", "3.12", "2.0", (), 4, 1.0, 60.0)


def a_node(name: str) -> Node:
    gpu = {"vendor": "nvidia", "count": 1}
    return Node.model_validate({"name": name, "root": f"/srv/{name}", "python": "/usr/bin/python3", "gpu": gpu})


INVENTORY = Inventory(nodes=(a_node("rig-a"), a_node("rig-b")))


def down(node: str) -> RigUnreachable:
    return RigUnreachable(node, "no SSH connection")


def said(ledger: Ledger) -> dict[str, tuple[State, str]]:
    return {one.finding.check: (one.finding.state, one.finding.reason) for one in checked(ledger.engine)}


def failing(error: RigError) -> Callable[[], NodeReport]:
    def deploy() -> NodeReport:
        raise error

    return deploy


def test_a_node_that_passes_is_reachable_and_fit_and_may_try_trials_again(some_ledger: Ledger) -> None:
    open_run(some_ledger, spec(9))
    for _ in range(BREAKER_FAILURES):
        fail(some_ledger, claimed(some_ledger, A).number, A)
    assert [one.check for one in active_drains(some_ledger.engine)] == ["trials"]
    hot = Finding("temperature", 0, State.FAILED, "95 °C")

    report = noted(some_ledger.engine, a_node("rig-a"), lambda: replace(REPORT, findings=(hot,)))

    assert report.findings == (hot,)
    assert [one.check for one in active_drains(some_ledger.engine)] == ["temperature"]
    assert {name: state.value for name, (state, _) in said(some_ledger).items()} == {
        "reachable": "ok",
        "fit": "ok",
        "trials": "ok",
        "temperature": "failed",
    }


@pytest.mark.parametrize(
    ("error", "reachable", "fit"),
    [
        (RigUnfit("rig-a", "numpy is missing"), State.OK, State.FAILED),
        (HostKeyMismatch("rig-a", "another key"), State.OK, State.FAILED),
        (down("rig-a"), State.FAILED, None),
    ],
)
def test_why_a_deployment_failed_is_kept_and_passed_on(
    some_ledger: Ledger, error: RigError, reachable: State, fit: State | None
) -> None:
    with pytest.raises(type(error)):
        noted(some_ledger.engine, a_node("rig-a"), failing(error))

    found = said(some_ledger)
    assert found["reachable"][0] is reachable
    assert (found["fit"] if fit else None) == ((fit, str(error)) if fit else None)
    assert active_drains(some_ledger.engine) == [], "it is told: a deployment of each run asks anew"


def work(ledger: Ledger, clock: Clock, *, missing: bool) -> None:
    """Open a run in which both rigs work after a minute; a trial is missing, or none."""
    open_run(ledger, spec(2))
    clock.advance(60)
    for lane in (A, B):
        answer = result(claimed(ledger, lane).number, node=lane.node)
        if not (missing and lane is B):
            recorded(ledger, answer)


def test_a_node_that_never_had_a_lane_is_not_asked_again(some_ledger: Ledger, clock: Clock) -> None:
    open_run(some_ledger, spec(2))
    clock.advance(1)
    for lane in (A, A):
        recorded(some_ledger, result(claimed(some_ledger, lane).number, node=lane.node))
    note(some_ledger.engine, "rig-b", [Finding("reachable", None, State.FAILED, str(down("rig-b")))], clock)

    assert known_down(some_ledger, some_ledger.run(RUN), INVENTORY) == {"rig-b": f"not asked again: {down('rig-b')}"}


@pytest.mark.parametrize(("missing", "later_s", "known"), [(False, 60, True), (True, 60, False), (False, -30, False)])
def test_a_node_that_had_a_lane_is_asked_unless_it_was_down_since_and_nothing_is_missing(
    some_ledger: Ledger, clock: Clock, missing: bool, later_s: float, known: bool
) -> None:
    work(some_ledger, clock, missing=missing)
    clock.advance(later_s)
    note(some_ledger.engine, "rig-b", [Finding("reachable", None, State.FAILED, "down")], clock)

    assert known_down(some_ledger, some_ledger.run(RUN), INVENTORY) == (
        {"rig-b": "not asked again: down"} if known else {}
    )


def test_what_was_known_before_the_run_or_of_other_nodes_or_is_mended_counts_for_nothing(
    some_ledger: Ledger, clock: Clock
) -> None:
    note(some_ledger.engine, "rig-a", [Finding("reachable", None, State.FAILED, "down")], clock)
    clock.advance(60)
    open_run(some_ledger, spec(1))
    clock.advance(60)
    note(some_ledger.engine, "elsewhere", [Finding("reachable", None, State.FAILED, "down")], clock)
    note(some_ledger.engine, "rig-b", [Finding("reachable", None, State.OK)], clock)

    assert known_down(some_ledger, some_ledger.run(RUN), INVENTORY) == {}


def test_an_error_without_a_deployment_is_kept_the_same_way(some_ledger: Ledger) -> None:
    note_unreachable(some_ledger.engine, down("rig-a"))
    assert said(some_ledger)["reachable"][0] is State.FAILED

    note_error(some_ledger.engine, a_node("rig-a"), RigUnfit("rig-a", "numpy is missing"))
    assert said(some_ledger)["reachable"][0] is State.OK


def test_nodes_without_a_lane_are_named_with_what_deployment_or_a_drain_said(some_ledger: Ledger) -> None:
    open_run(some_ledger, spec(2))
    claimed(some_ledger, A)
    for node in (A.node, "rig-c"):
        note_error(some_ledger.engine, a_node(node), RigUnfit(node, "numpy is missing"))
    note_unreachable(some_ledger.engine, down("rig-d"))
    note(some_ledger.engine, "rig-e", [Finding("fit", None, State.OK)])
    drain(some_ledger.engine, "rig-f", None, "a new fan", "vera")
    drain(some_ledger.engine, "rig-g", 0, "one card alone", "vera")

    found = left_out(some_ledger, some_ledger.run(RUN))

    assert list(found) == ["rig-c", "rig-d", "rig-f"]
    assert found["rig-c"] == "numpy is missing"
    assert found["rig-d"] == "no SSH connection"
    assert "drained by vera" in found["rig-f"]


def test_what_a_later_deployment_said_is_not_told_of_a_run_that_is_over(some_ledger: Ledger) -> None:
    open_run(some_ledger, spec(2))
    some_ledger.end_run(RUN)

    note_error(some_ledger.engine, a_node("rig-c"), RigUnfit("rig-c", "numpy is missing"))

    assert left_out(some_ledger, some_ledger.run(RUN)) == {}
