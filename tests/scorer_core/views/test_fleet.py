"""The fleet: each GPU ready, working or drained, by whom and why; a slow rig stands out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.trust import distrust
from scorer_core.run.slot import Slot
from scorer_core.views.fleet import Fleet, GpuState, Heard, RigOfFleet, fleet_of
from scorer_core.views.installation import Installation
from tests.support.tickets import RUN, claimed, fail, open_run, recorded, result, spec

HEAD, RIG_A = Slot("head", 0), Slot("rig-a", 1)


def rig(fleet: Fleet, name: str) -> RigOfFleet:
    return next(rig for rig in fleet.rigs if rig.name == name)


def states(fleet: Fleet, name: str) -> list[str]:
    return [gpu.state.value for gpu in rig(fleet, name).gpus]


def answered(ledger: Ledger, slot: Slot, seconds: float, run_id: str = RUN) -> None:
    answer = result(claimed(ledger, slot, run_id).number, node=slot.node, gpu=slot.gpu)
    recorded(ledger, replace(answer, seconds=seconds), run_id)


def test_the_nodes_of_the_inventory_are_ready_while_nothing_speaks_against_them(installation: Installation) -> None:
    fleet = fleet_of(installation)

    assert [(rig.name, rig.head, len(rig.gpus)) for rig in fleet.rigs] == [("head", True, 2), ("rig-a", False, 2)]
    assert fleet.gpus_in(GpuState.READY) == 4
    assert {rig.seen_at for rig in fleet.rigs} == {None}


def test_a_gpu_whose_lane_holds_a_ticket_works_until_the_lease_ends(installation: Installation, ledger: Ledger) -> None:
    open_run(ledger, spec(4))
    claimed(ledger, RIG_A)

    now, later = fleet_of(installation), datetime.now(UTC) + timedelta(hours=1)

    assert states(now, "rig-a") == ["ready", "working"]
    assert rig(now, "rig-a").gpus[1].works_on == f"trial 0 of {RUN}"
    assert states(fleet_of(installation, clock=lambda: later), "rig-a") == ["ready", "ready"]


def test_a_rig_that_the_breaker_took_out_is_drained_and_says_why(installation: Installation, ledger: Ledger) -> None:
    open_run(ledger, spec(9))
    for _ in range(6):
        fail(ledger, claimed(ledger, RIG_A).number, RIG_A, "no memory in /home/rig/worker.pyz")

    out = rig(fleet_of(installation), "rig-a")

    assert (out.state, out.by) == (GpuState.DRAINED, "the breaker")
    assert out.why == "6 trials in a row failed, the last with: no memory in …worker.pyz"
    assert states(fleet_of(installation), "rig-a") == ["drained", "drained"]


def test_a_rig_that_lied_is_drained_by_the_head(installation: Installation, ledger: Ledger) -> None:
    open_run(ledger, spec(2))
    answered(ledger, RIG_A, 1.0)
    distrust(ledger.engine, RUN, "rig-a", "trial 0 was false")

    assert rig(fleet_of(installation), "rig-a").by == "the head"


def test_the_next_run_tries_a_rig_again(installation: Installation, ledger: Ledger) -> None:
    open_run(ledger, spec(2))
    answered(ledger, RIG_A, 1.0)
    distrust(ledger.engine, RUN, "rig-a", "trial 0 was false")
    open_run(ledger, spec(2), "next")
    answered(ledger, RIG_A, 1.0, "next")

    assert rig(fleet_of(installation), "rig-a").by is None


def test_what_the_last_deployment_said_is_heard(installation: Installation) -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)

    fleet = fleet_of(installation, {"rig-a": Heard(at, "deploy_worker failed"), "head": Heard(at, None)})

    assert (rig(fleet, "rig-a").by, rig(fleet, "rig-a").failed_check) == ("deploy", "deploy_worker failed")
    assert rig(fleet, "head").state is GpuState.READY
    assert {one.seen_at for one in fleet.rigs} == {at}


@pytest.mark.parametrize(("seconds", "slow"), [(1.1, False), (3.0, True)])
def test_a_slow_rig_stands_out_against_the_others_of_its_run(
    installation: Installation, ledger: Ledger, seconds: float, slow: bool
) -> None:
    open_run(ledger, spec(12))
    for _ in range(6):
        answered(ledger, HEAD, 1.0)
        answered(ledger, RIG_A, seconds)

    fleet = fleet_of(installation)

    assert (rig(fleet, "rig-a").is_slow, rig(fleet, "head").is_slow) == (slow, False)
    assert rig(fleet, "rig-a").median_s == seconds
    assert rig(fleet, "head").per_hour == 2 * 3600
