"""GPUs that fail in pieces: the bad one is drained, the others work through, and it comes back when it is well."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import Drained, NoSlots, RigUnfit
from scorer_core.ledger.drains import active_drains, drain, lift
from scorer_core.ledger.stops import stop
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from scorer_core.steps.collect import collect
from scorer_core.steps.deploy_worker import deploy_worker
from scorer_core.steps.gpu_slots import gpu_slots
from scorer_core.steps.prepare_run import prepare_run
from tests.integration.faults.driver import FakeDriver
from tests.integration.faults.runs import (
    RUN,
    Rigs,
    Run,
    assert_complete,
    lanes_in_a_process,
    rigs_up,
    start_run,
    until,
    workers_at,
)
from tests.integration.faults.slow_worker import set_seconds, slow_workers
from tests.integration.rigs import Lanes

NODE = "rig-a"
ENDLESS = 60.0
CONF = {"sample_size": None, "search": "random", "seed": 3}
Note = Callable[[str], None]


def deployed(run: Run) -> list[int]:
    """Deploy as the DAG does, and return the GPUs that then get a slot."""
    report = deploy_worker(run.context, NODE)
    drained = active_drains(run.context.ledger.engine)
    slots = gpu_slots(run.inventory, {NODE: report.trial_timeout_s}, 1, drained)
    return sorted(slot.gpu for slot in slots)


def held(run: Run) -> list[tuple[str, str | None]]:
    return [(one.place, one.check) for one in active_drains(run.context.ledger.engine)]


def holding(run: Run) -> set[str | None]:
    """Return the lanes that hold a trial."""
    return {ticket.lane for ticket in run.tickets() if ticket.state is TicketState.LEASED and ticket.params}


def start(rigs: Rigs, n_trials: int = 24, seconds: float = 0.4, health_s: float = 2.0, **conf: Any) -> Run:
    for root in rigs.roots():
        set_seconds(root, seconds)
    settings = {"health_s": health_s, "silence_s": 5.0}
    return start_run(rigs, workers=slow_workers(), n_trials=n_trials, settings=settings, **conf)


@pytest.mark.fault("one GPU of eight falls off the bus in mid-run", servers="OpenSSH")
def test_one_bad_gpu_of_eight_costs_one_lane_and_comes_back_when_its_check_passes(
    tmp_path: Path, outcome: Note
) -> None:
    driver = FakeDriver(tmp_path / "driver", 8)
    with rigs_up(tmp_path, openssh=[NODE], gpus=8, programs=driver.folder) as rigs:
        run = start(rigs, n_trials=100, seconds=4.0, health_s=4.0)
        assert deployed(run) == list(range(8))
        lanes = run.lanes()
        until(lambda: run.done() >= 4, "no trial is done", 60)

        driver.set(3, "lost")
        until(lambda: held(run), "the lost GPU is not drained", 60)
        set_seconds(rigs.root(NODE), 0.0)
        lanes.join(120)

        assert held(run) == [(f"{NODE}:3", "driver")]
        assert set(lanes.errors) == {f"{NODE} · gpu 3"}
        error = lanes.errors[f"{NODE} · gpu 3"]
        assert isinstance(error, Drained)
        assert "exit code 15: it has fallen off the bus" in str(error)
        assert_complete(run)
        assert {result.gpu for result in run.done_on(NODE)} >= {0, 1, 2, 4, 5, 6, 7}
        assert deployed(run) == [0, 1, 2, 4, 5, 6, 7], "a driver that does not count answers for seven"
        driver.set(3, "60")
        assert deployed(run) == list(range(8))
    outcome(
        "drained by the check `driver` (`nvidia-smi` exit code 15); its lane ends after its trial, seven work through; "
        "`deploy_worker` lifts it when the GPU answers"
    )


@pytest.mark.fault("GPU at 95 °C before a run", servers="OpenSSH")
def test_a_hot_gpu_gets_no_slot_until_it_is_cool(tmp_path: Path, outcome: Note) -> None:
    driver = FakeDriver(tmp_path / "driver", 2)
    driver.set(1, "95")
    with rigs_up(tmp_path, openssh=[NODE], gpus=2, programs=driver.folder) as rigs:
        run = start(rigs)
        assert deployed(run) == [0]
        assert held(run) == [(f"{NODE}:1", "temperature")]
        driver.set(0, "96")
        with pytest.raises(NoSlots, match="95 °C, 90 °C is too hot; .*96 °C.*`scorer undrain` lifts"):
            deployed(run)
        for gpu in (0, 1):
            driver.set(gpu, "61")
        assert deployed(run) == [0, 1]
    outcome(
        "drained by the check `temperature`: no slot, and with all drained `gpu_slots` fails with "
        "the list; lifted when cool"
    )


@pytest.mark.fault("driver hangs so that SIGKILL does not end it", servers="OpenSSH")
def test_a_driver_that_hangs_is_unreadable_and_not_zero_gpus(tmp_path: Path, outcome: Note) -> None:
    driver = FakeDriver(tmp_path / "driver", 2)
    with rigs_up(tmp_path, openssh=[NODE], gpus=2, programs=driver.folder) as rigs:
        run = start(rigs)
        driver.hang(True)
        started = time.monotonic()
        with pytest.raises(RigUnfit, match="cannot be counted: nvidia-smi gave no answer within 15 s.* no count of 0"):
            deployed(run)
        assert time.monotonic() - started < 60
        driver.hang(False)
        assert deployed(run) == [0, 1]
    outcome(
        "RigUnfit: its GPUs cannot be counted, and why; never 0 GPUs; deploy ends within its "
        "limits, and passes when the driver answers"
    )


@pytest.mark.fault("GPU, then node drained by hand in mid-run, and undrained; the next run", servers="both")
def test_a_person_drains_a_gpu_in_mid_run_and_gives_it_back(tmp_path: Path, outcome: Note) -> None:
    with rigs_up(tmp_path, "rig-b", openssh=[NODE], gpus=2) as rigs:
        run = start(rigs, n_trials=40)
        for node in (NODE, "rig-b"):
            deploy_worker(run.context, node)
        engine = run.context.ledger.engine
        lanes = run.lanes()
        until(lambda: run.done() >= 4, "no trial is done", 60)

        drain(engine, NODE, 1, "loud fan", "ann@head")
        until(lambda: f"{NODE} · gpu 1" in lanes.reports, "the lane does not end", 60)
        drain(engine, "rig-b", None, "to be moved", "ann@head")
        until(lambda: len(lanes.reports) == 3, "the lanes of the drained node do not end", 60)
        for root in rigs.roots():
            set_seconds(root, 0.0)
        lanes.join(120)

        assert not lanes.errors
        assert_complete(run)
        healthy = {NODE: 60.0, "rig-b": 60.0}
        slots = gpu_slots(run.inventory, healthy, 1, active_drains(engine))
        assert [slot.label for slot in slots] == [f"{NODE} · gpu 0"], "the next run sees it, too"
        lift(engine, NODE, 1, "ann@head")
        lift(engine, "rig-b", None, "ann@head")
        assert len(gpu_slots(run.inventory, healthy, 1, active_drains(engine))) == 4
    outcome(
        "their lanes end well after their trials, the others do the rest; no slot in the next run "
        "until `scorer undrain`"
    )


@pytest.mark.fault("two runs at once: a GPU of one drained by hand, one of the other by a check", servers="OpenSSH")
def test_each_of_two_runs_does_its_tickets_on_the_gpus_that_are_left_and_again_on_those_that_come_back(
    tmp_path: Path, outcome: Note
) -> None:
    driver = FakeDriver(tmp_path / "driver", 4)
    with rigs_up(tmp_path, openssh=[NODE], gpus=4, programs=driver.folder) as rigs:
        one = start(rigs, n_trials=120, seconds=0.6)
        with slow_workers():
            two = prepare_run(one.context.settings, "run-2", {**CONF, "n_trials": 120})
        engine, root = one.context.ledger.engine, rigs.root(NODE)
        assert deployed(one) == [0, 1, 2, 3]
        first, second = (
            Lanes(run, [Slot(NODE, gpu) for gpu in own]) for run, own in ((one.context, (0, 1)), (two, (2, 3)))
        )
        until(lambda: min(one.done(), done(two)) >= 2, "no trial is done", 60)

        drain(engine, NODE, 0, "loud fan", "ann@head")
        driver.set(2, "95")
        until(lambda: f"{NODE} · gpu 0" in first.reports, "the lane of the drained GPU does not end", 60)
        until(lambda: f"{NODE} · gpu 2" in second.errors, "the lane of the hot GPU does not end", 60)

        error = second.errors[f"{NODE} · gpu 2"]
        assert str(error).startswith(f"{NODE}: {NODE} · gpu 2 ends. {NODE}:2 is drained by check temperature since ")
        assert held(one) == [(f"{NODE}:0", None), (f"{NODE}:2", "temperature")]
        assert deployed(one) == [1, 3]
        lift(engine, NODE, 0, "ann@head")
        driver.set(2, "61")
        assert deployed(one) == [0, 1, 2, 3]
        before = results_on(two, 2)
        back = Lanes(two, [Slot(NODE, 2)])
        until(lambda: results_on(two, 2) > before, "the GPU that came back does nothing", 60)
        set_seconds(root, 0.0)
        for lanes in (first, second, back):
            lanes.join(120)

        assert not first.errors
        assert not back.errors
        assert (one.done(), done(two)) == (120, 120)
        assert all(ticket.attempts == 1 for run in (one.context, two) for ticket in run.ledger.tickets(run.run_id))
    outcome(
        "each lane ends after its trial, the one by hand well, the other with the check's words; both runs do every "
        "ticket once; lifted, the GPUs get slots and trials again"
    )


@pytest.mark.fault("head killed -9 and started again, a GPU drained by hand and one by a check", servers="OpenSSH")
def test_drains_by_hand_and_by_a_check_outlive_the_head_and_hold_no_ticket_back(tmp_path: Path, outcome: Note) -> None:
    driver = FakeDriver(tmp_path / "driver", 3)
    with rigs_up(tmp_path, openssh=[NODE], gpus=3, programs=driver.folder) as rigs:
        run = start(rigs, seconds=ENDLESS, trial_timeout_s=600)
        assert deployed(run) == [0, 1, 2]
        engine, lanes = run.context.ledger.engine, {f"{NODE} · gpu {gpu}" for gpu in range(3)}
        with lanes_in_a_process(run) as head:
            until(lambda: holding(run) == lanes, "a lane has no trial", 90)
            drain(engine, NODE, 0, "loud fan", "ann@head")
            driver.set(1, "95")
            until(lambda: len(held(run)) == 2, "the hot GPU is not drained", 60)
            head.send_signal(signal.SIGKILL)
            head.wait()
            until(lambda: not workers_at(rigs.root(NODE)), "a worker is left")
        assert holding(run) == lanes
        set_seconds(rigs.root(NODE), 0.0)

        with lanes_in_a_process(run) as head:
            head.wait(180)  # the leases of the drained GPUs last for more than ten minutes

        assert held(run) == [(f"{NODE}:0", None), (f"{NODE}:1", "temperature")]
        assert_complete(run)
        assert {result.gpu for result in run.done_on(NODE)} == {2}
        assert deployed(run) == [2]
        lift(engine, NODE, 0, "ann@head")
        driver.set(1, "61")
        assert deployed(run) == [0, 1, 2]
    outcome(
        "still drained when the lanes are started again, in another process: their GPUs get no trial, what they held "
        "goes to the others at once; lifted by `scorer undrain`, and by `deploy_worker` when the check passes"
    )


def done(context: RunContext) -> int:
    return context.ledger.counts(context.run_id)[TicketState.DONE]


def results_on(context: RunContext, gpu: int) -> int:
    return sum(
        ticket.result is not None and ticket.result.gpu == gpu for ticket in context.ledger.tickets(context.run_id)
    )


@pytest.mark.fault("run stopped by hand", servers="simulated")
def test_a_stopped_run_ends_with_what_there_is(tmp_path: Path, outcome: Note) -> None:
    with rigs_up(tmp_path, "rig-b", gpus=2) as rigs:
        run = start(rigs, n_trials=200)
        deploy_worker(run.context, "rig-b")
        lanes = run.lanes()
        until(lambda: run.done() >= 3, "no trial is done", 60)

        stop(run.context.ledger.engine, RUN, "ann@head")
        lanes.join(60)

        assert not lanes.errors
        found = collect(run.context, run.inventory)
        assert found.stopped.startswith("stopped by ann@head at ")
        assert found.executed + found.failed == 200
        assert 3 <= found.executed < 200
        assert {ticket.state for ticket in run.tickets()} == {TicketState.DONE, TicketState.FAILED}
    outcome(
        "lanes end after their trials; what was not tried is given up with who stopped it; collect "
        "goes on with the rest"
    )
