"""A run while it goes: alive, how far, how long still, which rig is out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.trust import distrust
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from scorer_core.views.chart import HEIGHT, chart_of
from scorer_core.views.installation import Installation
from scorer_core.views.live import Progress, RigLine, progress_of
from scorer_core.views.standing import Step, StepState, standing
from tests.support.tickets import LEASE, RUN, A, B, C, claimed, fail, open_run, recorded, result, spec

SLOW = Slot("rig-c", 0)


def looked(installation: Installation, ledger: Ledger, later: timedelta = timedelta(0)) -> Progress:
    """Look at the run, so much later."""
    return progress_of(installation, ledger.run(RUN), lambda: datetime.now(UTC) + later)


def rig(progress: Progress, name: str) -> RigLine:
    return next(rig for rig in progress.rigs if rig.name == name)


def answered(ledger: Ledger, slot: Slot, seconds: float, objective: float = 0.25) -> None:
    ticket = claimed(ledger, slot)
    answer = result(ticket.number, objective=objective, node=slot.node, gpu=slot.gpu)
    recorded(ledger, replace(answer, seconds=seconds))


def test_a_run_that_nobody_began_has_tickets_and_nothing_else(installation: Installation, ledger: Ledger) -> None:
    open_run(ledger, spec(5))

    progress = looked(installation, ledger)

    assert progress.counts == {**dict.fromkeys(TicketState, 0), TicketState.OPEN: 5}
    assert (progress.best, progress.per_hour, progress.left_s, progress.rigs) == (None, None, None, ())
    assert standing(spec(5), progress, ()).headline == "No lane is at work yet."


def test_the_time_to_go_is_what_is_open_at_the_pace_of_the_lanes_at_work(
    installation: Installation, ledger: Ledger
) -> None:
    open_run(ledger, spec(10))
    for slot, seconds in ((A, 2.0), (B, 4.0)):
        answered(ledger, slot, seconds)
        claimed(ledger, slot)

    progress = looked(installation, ledger)

    assert progress.per_hour == pytest.approx(3600 / 2 + 3600 / 4)
    assert progress.left_s == pytest.approx((6 + 0.5 * 2) / (1 / 2 + 1 / 4))
    assert (progress.at_work, progress.lanes, progress.done) == (2, 2, 2)
    assert standing(spec(10), progress, ()).headline == "Searching: 2 of 10 trials are done, about 9.3 s to go."


def test_a_lane_whose_lease_ran_out_is_at_work_no_more(installation: Installation, ledger: Ledger) -> None:
    open_run(ledger, spec(4))
    claimed(ledger, A)

    assert looked(installation, ledger).at_work == 1
    silent = looked(installation, ledger, LEASE + timedelta(seconds=1))
    assert (silent.at_work, silent.rigs[0].lanes[0].state, silent.per_hour) == (0, "lost", None)
    assert standing(spec(4), silent, ()).tone == "stopped"


def test_a_slow_rig_stands_out_against_the_others(installation: Installation, ledger: Ledger) -> None:
    open_run(ledger, spec(24))
    for _ in range(6):
        for slot, seconds in ((A, 1.0), (B, 1.0), (SLOW, 3.0)):
            answered(ledger, slot, seconds)

    progress = looked(installation, ledger)

    assert [one.ratio for name in ("rig-a", "rig-b", "rig-c") if (one := rig(progress, name).against)] == [
        pytest.approx(3**-0.5, rel=0.01),
        pytest.approx(3**-0.5, rel=0.01),
        pytest.approx(3.0),
    ]
    assert [rig.is_slow for rig in progress.rigs] == [False, False, True]
    assert rig(progress, "rig-c").median_s == 3.0


def test_a_rig_that_is_out_says_why(installation: Installation, ledger: Ledger) -> None:
    open_run(ledger, spec(3))
    answered(ledger, A, 1.0)
    distrust(ledger.engine, RUN, "rig-a", "trial 0 was false")

    progress = looked(installation, ledger)

    assert rig(progress, "rig-a").out == "its answers are not believed: trial 0 was false"
    assert progress.counts[TicketState.OPEN] == 3


def test_failed_attempts_are_counted_and_the_last_ones_told(installation: Installation, ledger: Ledger) -> None:
    open_run(ledger, spec(9))
    claimed(ledger, C)
    fail(ledger, 0, C, "failure 0")
    progress = looked(installation, ledger)

    assert progress.failed_attempts == 1
    assert [failure.error for _, failure in progress.failures] == ["failure 0"]


def test_the_drawing_climbs_and_keeps_rejected_masks_at_the_bottom(installation: Installation, ledger: Ledger) -> None:
    open_run(ledger, spec(5))
    for objective in (0.1, -1.0, 0.3, 0.2):
        answered(ledger, A, 1.0, objective)
    progress = looked(installation, ledger)

    chart = chart_of(progress.bins, progress.budget, progress.bin_width)

    assert chart is not None
    assert (len(chart.points), len(chart.rejected), chart.width) == (3, 1, 1)
    heights = [float(point.split(",")[1]) for point in chart.best.split()]
    assert heights == sorted(heights, reverse=True)
    assert all(0 <= y <= HEIGHT for _, y in chart.points)
    assert progress.best == 0.3


def test_without_an_accepted_mask_nothing_is_drawn() -> None:
    assert chart_of((), 5, 1) is None


@pytest.mark.parametrize(
    ("states", "tone", "said"),
    [
        ({"prepare_run": "running"}, "running", "Preparing: conf, pool and inventory are checked."),
        ({"prepare_run": "done", "deploy_worker": "running"}, "running", "Making the nodes ready."),
        ({"trial_lane": "done", "collect": "running"}, "running", "Collecting what the rigs wrote down"),
        ({"quality_gate": "running"}, "running", "The gate is deciding."),
        ({"quality_gate": "done", "approve": "asking"}, "asking", "Waiting for an approval."),
        ({"prepare_run": "failed"}, "stopped", "Stopped: prepare_run failed."),
        ({"prepare_run": "waiting"}, "running", "Waiting for the scheduler."),
        ({}, "running", "Waiting for the scheduler."),
    ],
)
def test_a_run_stands_where_its_steps_say(states: dict[str, str], tone: str, said: str) -> None:
    steps = [Step(name, name, StepState(state), 0, 1) for name, state in states.items()]

    found = standing(None, None, steps)

    assert (found.tone, found.headline.startswith(said)) == (tone, True)
