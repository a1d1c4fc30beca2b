"""Given workers that die, hang, talk nonsense, fail, or are orphaned: the run is complete, or fails and says why."""

from __future__ import annotations

import signal
import stat
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scorer_core.errors import ProtocolError, RigUnfit, RigUnreachable
from scorer_core.run.trials import FailureKind, TicketState
from scorer_core.steps.deploy_worker import shipment_of
from scorer_core.steps.gpu_slots import gpu_slots
from tests.integration.faults.faulty_worker import EVERY, faulty_workers, hold_all, let_fail, release
from tests.integration.faults.runs import (
    PATIENCE_S,
    RUN,
    SILENCE_S,
    Rigs,
    assert_complete,
    assert_refused,
    deployed_run,
    lanes_in_a_process,
    rigs_up,
    start_run,
    until,
)
from tests.integration.faults.slow_worker import set_seconds, slow_workers
from tests.integration.rigs import Lanes, deploy_to

Note = Callable[[str], None]
BOTH = ("rig-sim", "rig-ssh")
ENDLESS = 50.0


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Rigs]:
    """One simulated node and one OpenSSH server, a GPU each."""
    with rigs_up(tmp_path, "rig-sim", openssh=["rig-ssh"]) as rigs:
        yield rigs


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Rigs]:
    """Two simulated nodes, a GPU each."""
    with rigs_up(tmp_path, "rig-a", "rig-b") as rigs:
        yield rigs


def slow_down(rigs: Rigs, seconds: float) -> None:
    for root in rigs.roots():
        set_seconds(root, seconds)


@pytest.mark.fault("worker killed -9 in mid-trial", servers="both")
def test_a_worker_killed_in_mid_trial_is_replaced_and_its_trial_run_again(both: Rigs, outcome: Note) -> None:
    run = deployed_run(both, workers=slow_workers())
    slow_down(both, ENDLESS)
    lanes = run.lanes()
    workers = run.wait_for_workers(*BOTH)
    slow_down(both, 0.0)

    for worker in workers:
        worker.send_signal(signal.SIGKILL)
    lanes.join()

    assert not lanes.errors
    assert Counter(failure.outcome for failure in run.failures()) == {FailureKind.LOST: 2}
    assert sorted(ticket.attempts for ticket in run.tickets())[-2:] == [2, 2]
    assert_complete(run)
    outcome("the lane starts another worker on its GPU, and the trial is run again with the same parameters")


@pytest.mark.fault("worker hangs (SIGSTOP) in mid-trial", servers="both")
def test_a_worker_that_hangs_is_given_up_and_ended_by_the_next_one(both: Rigs, outcome: Note) -> None:
    run = deployed_run(both, workers=slow_workers(), settings={"reconnect_s": PATIENCE_S})
    slow_down(both, ENDLESS)
    lanes = run.lanes()
    workers = run.wait_for_workers(*BOTH)
    slow_down(both, 0.0)

    for worker in workers:
        worker.suspend()
    lanes.join()

    assert not lanes.errors
    failures = run.failures()
    assert [failure.outcome for failure in failures] == [FailureKind.LOST] * 2
    assert all(f"no sign of life for {SILENCE_S:g} s" in failure.error for failure in failures)
    assert not any(worker.is_running() and worker.status() == "stopped" for worker in workers)
    assert_complete(run)
    outcome("given up after `silence_s`; the next worker ends the stopped one, which still held the GPU's lock")


_JUNK = """#!/bin/sh
case "$*" in
*serve*--gpu=0*) echo 'Last login: Mon Jan  1'; cat >/dev/null;;
*serve*--gpu=1*) echo '{{"type": "hello", "schema": 99}}'; cat >/dev/null;;
*serve*--gpu=2*) (while ! test -s '{journal}'; do sleep 0.02; done; echo 'Broadcast message') &
esac
exec '{python}' "$@"
"""


@pytest.mark.fault("worker prints garbage: instead of a hello, of another schema, between answers", servers="simulated")
def test_a_worker_that_prints_garbage_fails_its_lane_and_the_others_finish(tmp_path: Path, outcome: Note) -> None:
    with rigs_up(tmp_path, "rig-a", "rig-b", gpus=3) as rigs:
        wrap_python(rigs, "rig-a", _JUNK.format(journal=journal_of(rigs, "rig-a", 2), python=sys.executable))
        run = deployed_run(rigs, workers=slow_workers(), n_trials=24)
        slow_down(rigs, 0.4)

        lanes = run.lanes()
        lanes.join()

        assert set(lanes.errors) == {f"rig-a · gpu {gpu}" for gpu in range(3)}
        assert all(isinstance(error, ProtocolError) for error in lanes.errors.values())
        assert "not JSON" in str(lanes.errors["rig-a · gpu 0"])
        assert "schema 99" in str(lanes.errors["rig-a · gpu 1"])
        assert len(lanes.reports) == 3
        assert_complete(run)
        outcome("ProtocolError: final for that lane, its ticket goes to another; junk is never taken for a result")


@pytest.mark.fault("worker prints garbage at its first start only, and the lane's task is cleared", servers="simulated")
def test_a_lane_that_is_cleared_after_garbage_works_again(tmp_path: Path, outcome: Note) -> None:
    with rigs_up(tmp_path, "rig-a") as rigs:
        flag = tmp_path / "spoke"
        text = f"#!/bin/sh\ncase \"$*\" in *serve*) test -e '{flag}' || {{ touch '{flag}'; echo junk; }};; esac\n"
        wrap_python(rigs, "rig-a", text + f"exec '{sys.executable}' \"$@\"\n")
        run = deployed_run(rigs)

        first = run.lanes()
        first.join()
        assert isinstance(first.errors["rig-a · gpu 0"], ProtocolError)
        assert run.done() == 0
        second = run.lanes()
        second.join()

        assert not second.errors
        assert_complete(run)
        outcome("ProtocolError, no ticket was touched; the cleared lane runs all")


def wrap_python(rigs: Rigs, name: str, text: str) -> None:
    wrapper = rigs.folder / f"python-of-{name}"
    wrapper.write_text(text)
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    rigs.entry(name)["python"] = str(wrapper)


def journal_of(rigs: Rigs, name: str, gpu: int) -> Path:
    return rigs.root(name) / "runs" / RUN / f"gpu{gpu}.jsonl"


@pytest.mark.fault("trial that fails on every rig, within min_completion", servers="simulated")
def test_a_trial_that_fails_everywhere_is_failed_after_three_and_the_run_completes(pair: Rigs, outcome: Note) -> None:
    run = deployed_run(pair, workers=faulty_workers(), n_trials=24)
    for root in pair.roots():
        let_fail(root, 3)

    lanes = run.lanes()
    lanes.join()

    assert not lanes.errors
    failures = run.failures()
    assert [(failure.number, failure.outcome) for failure in failures] == [(3, FailureKind.FAILED)] * 3
    assert len({failure.lane for failure in failures}) == 2, "both rigs have tried it"
    assert_complete(run, failed=[3])
    ticket = run.tickets()[3]
    assert ticket.error is not None
    assert "MemoryError: out of GPU memory" in ticket.error
    outcome("failed after three attempts on both rigs, with the worker's error; the run completes with 23 of 24")


@pytest.mark.fault("trial that fails on every rig, beyond min_completion", servers="simulated")
def test_a_trial_that_fails_everywhere_fails_a_run_that_must_be_whole(pair: Rigs, outcome: Note) -> None:
    run = deployed_run(pair, workers=faulty_workers(), min_completion=1.0)
    for root in pair.roots():
        let_fail(root, 3)

    run.lanes().join()

    reason = assert_refused(run, "only 11 of 12 trials completed")
    assert "MemoryError: out of GPU memory" in str(reason)
    outcome("the run fails: `only 11 of 12 trials completed`, with the worker's error")


@pytest.mark.fault("trial that fails on one rig only", servers="both")
def test_a_trial_that_fails_on_one_rig_goes_to_the_other(both: Rigs, outcome: Note) -> None:
    run = deployed_run(both, workers=faulty_workers())
    let_fail(both.root("rig-sim"), 5, 8)
    hold_all(both.roots())
    lanes = run.lanes()
    run.wait_for_workers(*BOTH)

    release([both.root("rig-sim")])
    until(lambda: len(run.failures()) == 2, "the trials do not fail")
    release([both.root("rig-ssh")])
    lanes.join()

    assert not lanes.errors
    counts = Counter((failure.number, failure.lane) for failure in run.failures())
    assert counts == {(5, "rig-sim · gpu 0"): 1, (8, "rig-sim · gpu 0"): 1}
    assert {5, 8} <= {result.trial_number for result in run.done_on("rig-ssh")}
    assert_complete(run)
    outcome("left to the other rig after a failure, and done there")


@pytest.mark.fault("rig whose every trial fails", servers="simulated")
def test_a_rig_whose_every_trial_fails_is_taken_out_and_named(pair: Rigs, outcome: Note) -> None:
    run = deployed_run(pair, workers=faulty_workers(), n_trials=24)
    let_fail(pair.root("rig-a"), EVERY)
    hold_all([pair.root("rig-b")])
    lanes = run.lanes()
    until(lambda: run.context.ledger.taken_out(RUN), "rig-a is not taken out")
    release([pair.root("rig-b")])
    lanes.join()

    error = lanes.errors["rig-a · gpu 0"]
    assert isinstance(error, RigUnfit)
    assert "taken out of this run: 6 trials in a row failed" in str(error)
    collected = assert_complete(run)
    assert set(collected.taken_out) == {"rig-a"}
    written = run.context.files.collected.read_json()
    assert "out of GPU memory" in written["taken_out"]["rig-a"]
    outcome("taken out of the run after six failures in a row, named with the error in collected.json; the rest finish")


@pytest.mark.fault("process that holds the lanes killed -9 on the head", servers="both")
def test_workers_end_when_the_process_of_their_lanes_is_killed(both: Rigs, outcome: Note) -> None:
    run = deployed_run(both, workers=slow_workers(), settings={"silence_s": 20.0})
    slow_down(both, ENDLESS)
    with lanes_in_a_process(run) as head:
        workers = run.wait_for_workers(*BOTH)
        head.send_signal(signal.SIGKILL)
        head.wait()
        until(lambda: not any(worker.is_running() for worker in workers), "a worker is left", timeout_s=5)
    assert [ticket.state for ticket in run.tickets()].count(TicketState.LEASED) == 2

    slow_down(both, 0.0)
    again = run.lanes()
    again.join()

    assert not again.errors
    assert_complete(run)
    outcome("the workers end within 5 s, in mid-trial; the lanes, started again, run the same tickets again")


@pytest.mark.fault("lane that neither reads nor pings, over a connection that stays open", servers="both")
def test_workers_end_when_their_lane_is_silent(both: Rigs, outcome: Note) -> None:
    run = deployed_run(both, workers=slow_workers(), settings={"silence_s": 3.0})
    slow_down(both, ENDLESS)
    with lanes_in_a_process(run) as head:
        workers = run.wait_for_workers(*BOTH)
        head.send_signal(signal.SIGSTOP)
        until(lambda: not any(worker.is_running() for worker in workers), "a worker is left", timeout_s=14)

    slow_down(both, 0.0)
    again = run.lanes()
    again.join()

    assert not again.errors
    assert_complete(run)
    outcome("the workers end by themselves after three times `silence_s`; the run goes on when lanes are started again")


@pytest.mark.fault("rig gone before deploy", servers="both")
def test_a_rig_that_is_gone_before_deploy_is_left_out(tmp_path: Path, outcome: Note) -> None:
    with rigs_up(tmp_path, "rig-a", "rig-b", openssh=["rig-c"]) as rigs:
        run = start_run(rigs)
        rigs.kill("rig-b")
        rigs.kill("rig-c")
        healthy = {}
        for node in run.inventory.nodes:
            if node.name == "rig-a":
                healthy[node.name] = deploy_to(node, shipment_of(run.context)).trial_timeout_s
            else:
                with pytest.raises(RigUnreachable, match=f"{node.name}: no SSH connection"):
                    deploy_to(node, shipment_of(run.context))

        lanes = Lanes(run.context, gpu_slots(run.inventory, healthy, 1))
        lanes.join()

        assert set(lanes.reports) == {"rig-a · gpu 0"}
        assert set(assert_complete(run).unreachable) == {"rig-b", "rig-c"}
        outcome("deploy fails there with RigUnreachable; the run goes on with the GPUs of the others")
