"""Given links that break and rigs that go: lanes reconnect or give up, and no answer is lost or made twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from scorer_core.errors import RigLost, RigUnreachable
from scorer_core.run.trials import FailureKind
from tests.integration.faults.forwarder import Forwarder
from tests.integration.faults.runs import Rigs, assert_complete, assert_refused, deployed_run, rigs_up, until
from tests.integration.faults.slow_worker import set_seconds, slow_workers

Note = Callable[[str], None]
BOTH = ("rig-sim", "rig-ssh")
ENDLESS = 50.0
AWAY_S = 20.0


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Rigs]:
    """One simulated node and one OpenSSH server, a GPU each."""
    with rigs_up(tmp_path, "rig-sim", openssh=["rig-ssh"]) as rigs:
        yield rigs


@pytest.fixture
def links(both: Rigs) -> Iterator[list[Forwarder]]:
    """The links to both nodes, which a test can mute and cut."""
    with (
        Forwarder(both.entry("rig-sim")["ssh"]["port"]) as first,
        Forwarder(both.entry("rig-ssh")["ssh"]["port"]) as second,
    ):
        for name, link in zip(BOTH, (first, second), strict=True):
            both.entry(name)["ssh"]["port"] = link.port
        yield [first, second]


def slow_down(rigs: Rigs, seconds: float) -> None:
    for root in rigs.roots():
        set_seconds(root, seconds)


def kill_connections(rigs: Rigs, name: str) -> None:
    """Kill the processes of an OpenSSH server that serve one connection each; the server stays."""
    config = str(rigs.openssh[name].folder / "sshd_config")
    server = next(found for found in psutil.process_iter(["cmdline"]) if config in (found.info["cmdline"] or ()))
    sessions = server.children()
    assert sessions
    for session in sessions:
        session.kill()


LOST_ANSWER = "worker's answer lost after it was journalled"


@pytest.mark.parametrize(
    ("simulated", "openssh"),
    [
        pytest.param(["rig"], [], marks=pytest.mark.fault(LOST_ANSWER, servers="simulated"), id="simulated"),
        pytest.param([], ["rig"], marks=pytest.mark.fault(LOST_ANSWER, servers="OpenSSH"), id="OpenSSH"),
    ],
)
def test_an_answer_that_was_lost_is_taken_from_the_journal(
    tmp_path: Path, simulated: list[str], openssh: list[str], outcome: Note
) -> None:
    with rigs_up(tmp_path, *simulated, openssh=openssh) as rigs, Forwarder(rigs.entry("rig")["ssh"]["port"]) as link:
        rigs.entry("rig")["ssh"]["port"] = link.port
        run = deployed_run(rigs, workers=slow_workers())
        slow_down(rigs, 1.5)
        lanes = run.lanes()
        run.wait_for_workers("rig")

        link.mute()
        slow_down(rigs, 0.0)
        until(lambda: run.journalled("rig"), "nothing is journalled")
        assert run.done() == 0
        [journalled] = run.journalled("rig")
        link.cut()
        lanes.join()

        assert not lanes.errors
        assert [(failure.number, failure.outcome) for failure in run.failures()] == [(0, FailureKind.LOST)]
        assert_complete(run)
        assert run.tickets()[0].attempts == 2
        assert run.tickets()[0].result == journalled
        outcome("the next worker on the GPU answers from the journal; the trial is not computed again")


@pytest.mark.fault("worker's answer lost after it was journalled, and no lane comes back", servers="both")
def test_an_answer_that_nobody_asks_for_again_is_found_by_collect(
    both: Rigs, links: list[Forwarder], outcome: Note
) -> None:
    run = deployed_run(both, workers=slow_workers(), n_trials=2, settings={"reconnect_s": 0.5})
    slow_down(both, 1.5)
    lanes = run.lanes()
    run.wait_for_workers(*BOTH)

    for link in links:
        link.mute()
    until(lambda: all(run.journalled(name) for name in BOTH), "nothing is journalled")
    for link in links:
        link.take_away()
    lanes.join()
    assert run.done() == 0
    for link in links:
        link.bring_back()

    assert all(isinstance(error, RigLost | RigUnreachable) for error in lanes.errors.values())
    assert len(lanes.errors) == 2
    assert assert_complete(run).recovered == 2
    outcome("collect reads the journals and records the results")


@pytest.mark.fault("SSH connection cut in mid-trial", servers="both")
def test_a_lane_whose_connection_is_cut_reconnects(tmp_path: Path, outcome: Note) -> None:
    with (
        rigs_up(tmp_path, "rig-sim", openssh=["rig-ssh"]) as rigs,
        Forwarder(rigs.entry("rig-sim")["ssh"]["port"]) as link,
    ):
        rigs.entry("rig-sim")["ssh"]["port"] = link.port
        run = deployed_run(rigs, workers=slow_workers())
        slow_down(rigs, ENDLESS)
        lanes = run.lanes()
        workers = run.wait_for_workers(*BOTH)
        slow_down(rigs, 0.0)

        link.cut()
        kill_connections(rigs, "rig-ssh")
        until(lambda: not any(worker.is_running() for worker in workers), "a worker is left", timeout_s=5)
        lanes.join()

        assert not lanes.errors
        assert [failure.outcome for failure in run.failures()] == [FailureKind.LOST] * 2
        assert_complete(run)
        outcome("the worker ends with its channel; the lane connects again and runs the same trial")


@pytest.mark.fault("sshd of a rig stopped for 20 s, then back", servers="simulated")
def test_lanes_wait_for_a_rig_that_comes_back(tmp_path: Path, outcome: Note) -> None:
    with rigs_up(tmp_path, "rig-a", "rig-b") as rigs:
        run = deployed_run(rigs, workers=slow_workers(), n_trials=60, settings={"reconnect_s": 90.0})
        set_seconds(rigs.root("rig-a"), 0.2)
        set_seconds(rigs.root("rig-b"), 0.6)
        lanes = run.lanes()
        run.wait_for_workers("rig-a", "rig-b", trials_before=2)

        rigs.kill("rig-a")
        before = len(run.done_on("rig-a"))
        time.sleep(AWAY_S)
        assert run.done() < 60
        assert len(run.done_on("rig-a")) == before
        rigs.cluster.restart("rig-a")
        lanes.join()

        assert set(lanes.reports) == {"rig-a · gpu 0", "rig-b · gpu 0"}
        assert len(run.done_on("rig-a")) > before
        assert_complete(run)
        outcome("the other rig goes on; the lane connects when the rig is back and works to the end of the run")


@pytest.mark.fault("rig gone for good in mid-run", servers="both")
def test_a_rig_that_is_gone_for_good_costs_its_lane_alone(tmp_path: Path, outcome: Note) -> None:
    with rigs_up(tmp_path, "rig-a", "rig-sim", openssh=["rig-ssh"]) as rigs:
        run = deployed_run(rigs, workers=slow_workers(), settings={"reconnect_s": 1.0})
        slow_down(rigs, 0.5)
        lanes = run.lanes()
        run.wait_for_workers("rig-a", *BOTH)

        for name in BOTH:
            rigs.kill(name)
        lanes.join()

        assert set(lanes.errors) == {"rig-sim · gpu 0", "rig-ssh · gpu 0"}
        assert all(isinstance(error, RigLost | RigUnreachable) for error in lanes.errors.values())
        collected = assert_complete(run)
        assert set(collected.unreachable) == set(BOTH)
        outcome(
            "its lane fails after `reconnect_s` and gives its ticket back; the others finish; collect names the rig"
        )


@pytest.mark.fault("all rigs gone in mid-run", servers="both")
def test_a_run_without_rigs_fails_and_names_what_is_missing(both: Rigs, outcome: Note) -> None:
    run = deployed_run(both, workers=slow_workers(), settings={"reconnect_s": 1.0})
    slow_down(both, 0.5)
    lanes = run.lanes()
    run.wait_for_workers(*BOTH, trials_before=2)

    for name in BOTH:
        both.kill(name)
    lanes.join()

    assert len(lanes.errors) == 2
    missing = [ticket.number for ticket in run.tickets() if ticket.result is None]
    assert 0 < len(missing) <= 10
    named = ", ".join(str(number) for number in missing)
    assert_refused(run, rf"{len(missing)} of 12 tickets are unaccounted for \(trials {named}\)")
    outcome("every lane fails; collect fails the run and names the tickets that nobody finished")
