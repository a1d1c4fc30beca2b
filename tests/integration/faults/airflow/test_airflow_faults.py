"""What happens to Airflow, and to its tasks, while a run is at work or after it has ended.

Every run has the same spec, seed included, and a random search: whatever happened to it, its trials must
be those of a run that nothing happened to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import optuna
import psutil
import pytest
from sqlalchemy import select

from scorer_core.gate.verdict import Verdict
from scorer_core.ledger.drains import drain, lift
from scorer_core.ledger.records import study_name
from scorer_core.ledger.tables import VerdictRow
from scorer_core.publish.publisher import Publisher
from scorer_core.run.folder import RunFiles
from scorer_core.run.trials import TicketState
from sim.demo.stand import Stand
from sim.rigs.processes import living_at
from tests.e2e.waiting import until

pytestmark = pytest.mark.timeout(300, func_only=True)  # the first test waits for Airflow, and a whole run, before

N_TRIALS = 240
FIRST = 10
CONF = {"n_trials": N_TRIALS, "sample_size": None, "search": "random", "seed": 1}
SCHEDULER_DOWN_S = 3.0
Outcome = Callable[[str], None]


@dataclass
class Faulty:
    """One run that something happens to."""

    up: Stand
    run_id: str
    config_before: bytes | None

    @classmethod
    def triggered(cls, up: Stand, run_id: str) -> Faulty:
        before = published_bytes(up)
        reply = up.client.trigger(CONF, run_id)
        assert reply.is_success, reply.text
        return cls(up, run_id, before)

    @property
    def files(self) -> RunFiles:
        return RunFiles.of(self.up.settings.runs_dir, self.run_id)

    def done(self) -> int:
        known = {run.run_id for run in self.up.ledger.runs()}
        return self.up.ledger.counts(self.run_id)[TicketState.DONE] if self.run_id in known else 0

    def wait_for_mid_run(self) -> None:
        until(lambda: self.done() >= FIRST, "the first trials")
        assert self.done() < N_TRIALS, "the run is through already: give it more trials"

    def lanes(self) -> list[dict[str, Any]]:
        """Return the lanes' task instances, by map index."""
        lanes = [one for one in self.up.client.task_instances(self.run_id) if one["task_id"] == "trial_lane"]
        return sorted(lanes, key=lambda one: int(one["map_index"]))

    def running_lanes(self, count: int) -> list[dict[str, Any]]:
        """Return so many lanes that are in their first try and hold a ticket."""
        found: list[dict[str, Any]] = []

        def so_many_are_at_work() -> bool:
            at_work = set(self.held())
            found[:] = [one for one in self.lanes() if one["rendered_map_index"] in at_work]
            return len(found) >= count

        until(so_many_are_at_work, "lanes that hold a ticket")
        return found[:count]

    def held(self) -> dict[str | None, int]:
        """Return the number of the ticket that each lane holds."""
        tickets = self.up.ledger.tickets(self.run_id)
        return {ticket.lane: ticket.number for ticket in tickets if ticket.state is TicketState.LEASED}

    def again(self, lane: dict[str, Any]) -> dict[str, Any]:
        """Return a lane's task instance as it is now."""
        return next(one for one in self.lanes() if one["map_index"] == lane["map_index"])

    def tries(self) -> dict[str, int]:
        return {one["task_id"]: one["try_number"] for one in self.up.client.task_instances(self.run_id)}

    def ends(self, timeout_s: float = 240.0) -> dict[str, Any]:
        run = self.up.client.wait(self.run_id, timeout_s=timeout_s)
        self.up.airflow.check()
        return run

    def trials(self) -> list[tuple[int, str, float | None, dict[str, Any]]]:
        """Return what the study of record says of each trial."""
        return [(one.number, one.state.name, one.value, one.params) for one in study_of(self.up, self.run_id).trials]

    def assert_right(self) -> None:
        """The end that every run must have: the budget spent exactly, nothing left behind, no config but by PUBLISH."""
        verdict = self.files.verdict.read_json()["verdict"]
        collected = self.files.collected.read_json()
        assert [(number, state) for number, state, _, _ in self.trials()] == [
            (number, "COMPLETE") for number in range(N_TRIALS)
        ]
        assert [collected[name] for name in ("executed", "collected", "reported")] == [N_TRIALS] * 3
        assert self.up.ledger.counts(self.run_id)[TicketState.DONE] == N_TRIALS
        until(lambda: workers(self.up) == [], "the end of the last worker", timeout_s=5)
        if verdict == Verdict.PUBLISH.value:
            assert published_bytes(self.up) == self.files.config.read_bytes()
        else:
            assert published_bytes(self.up) == self.config_before


def published_bytes(up: Stand) -> bytes | None:
    config = Publisher(up.settings.publish_dir).config
    return config.read_bytes() if config.exists() else None


def study_of(up: Stand, run_id: str) -> optuna.Study:
    return optuna.load_study(study_name=study_name(run_id), storage=up.settings.database_url)


def workers(up: Stand) -> list[list[str]]:
    """Return the command lines of the workers on all rigs."""
    found = []
    for process in (one for node in up.cluster.nodes for one in living_at(node.home)):
        try:
            command = process.cmdline()
        except psutil.Error:
            continue
        if "serve" in command:
            found.append(command)
    return found


def task_process(instance: dict[str, Any]) -> psutil.Process:
    """Return the process that runs a task; Airflow names it after the instance."""
    title = f"airflow worker -- {instance['id']}"
    (found,) = (one for one in psutil.process_iter(["cmdline"]) if " ".join(one.info["cmdline"] or ()).strip() == title)
    return found


def kill_in_mid_trial(run: Faulty, lane: dict[str, Any]) -> int:
    """Kill a lane's process while it holds a ticket; return the ticket's number."""
    process = task_process(lane)
    while True:
        process.suspend()
        held = run.held().get(lane["rendered_map_index"])
        if held is not None:
            process.kill()
            return held
        process.resume()
        time.sleep(0.01)


def decisions(up: Stand, run_id: str) -> list[tuple[int | None, str]]:
    rows = select(VerdictRow.number, VerdictRow.verdict).where(VerdictRow.run_id == run_id)
    with up.ledger.engine.connect() as connection:
        return [(number, verdict) for number, verdict in connection.execute(rows)]


def archive_of(up: Stand) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Publisher(up.settings.publish_dir).archive.iterdir()}


@pytest.fixture(scope="module")
def undisturbed(up: Stand) -> Faulty:
    """A run that nothing happened to: the others' trials must be the same; it is the first and publishes."""
    run = Faulty.triggered(up, "undisturbed")
    assert run.ends()["state"] == "success"
    run.assert_right()
    assert run.files.verdict.read_json()["verdict"] == Verdict.PUBLISH.value
    return run


@pytest.mark.fault("a task cleared after the run had ended", servers="simulated")
@pytest.mark.parametrize(("task", "downstream"), [("collect", True), ("quality_gate", False)])
def test_a_task_cleared_after_the_end_changes_nothing(
    up: Stand, undisturbed: Faulty, outcome: Outcome, task: str, downstream: bool
) -> None:
    def everything() -> tuple[object, ...]:
        study = study_of(up, undisturbed.run_id)
        return (
            published_bytes(up),
            archive_of(up),
            undisturbed.files.verdict.read_bytes(),
            undisturbed.files.trials.read_bytes(),
            decisions(up, undisturbed.run_id),
            [trial._trial_id for trial in study.trials],
            undisturbed.trials(),
        )

    before, tries_before = everything(), undisturbed.tries()

    cleared = up.client.clear(undisturbed.run_id, task, downstream=downstream)
    again = undisturbed.ends()

    assert {"collect", "quality_gate", "publish"} <= {one["task_id"] for one in cleared} or not downstream
    tries = undisturbed.tries()
    assert tries[task] == tries_before[task] + 1
    assert again["state"] == "success"
    assert everything() == before
    assert len(decisions(up, undisturbed.run_id)) == 1
    undisturbed.assert_right()
    outcome(
        f"`{task}`{' and all after it' if downstream else ''} ran again: the first verdict stands, no more alpha is "
        "spent, study and published config are what they were, nothing is archived twice"
    )


@pytest.mark.fault("Airflow scheduler killed -9 in mid-run and restarted", servers="simulated")
def test_a_killed_scheduler_costs_no_trial(up: Stand, undisturbed: Faulty, outcome: Outcome) -> None:
    run = Faulty.triggered(up, "scheduler-killed")
    run.wait_for_mid_run()

    up.airflow.kill("scheduler")
    done = run.done()
    time.sleep(SCHEDULER_DOWN_S)
    done_without = run.done()
    up.airflow.start("scheduler")

    assert run.ends()["state"] == "success"
    assert done < done_without, "the lanes stopped with the scheduler"
    run.assert_right()
    assert run.trials() == undisturbed.trials()
    outcome("the lanes work on without it; the new scheduler takes over the rest of the run")


@dataclass(frozen=True)
class LostLanes:
    """A run of which one lane was killed and another one cleared, as they were before."""

    run: Faulty
    killed: dict[str, Any]
    ticket: int
    cleared: dict[str, Any]

    def assert_tried_again(self, lane: dict[str, Any]) -> None:
        after = self.run.again(lane)
        assert (after["state"], after["try_number"]) == ("success", lane["try_number"] + 1)


@pytest.fixture(scope="module")
def lost_lanes(up: Stand, undisturbed: Faulty) -> LostLanes:
    """That run, at its end: its trials are those of a run that nothing happened to."""
    run = Faulty.triggered(up, "lanes-lost")
    run.wait_for_mid_run()
    killed, cleared = run.running_lanes(2)
    ticket = kill_in_mid_trial(run, killed)
    up.client.clear(run.run_id, ("trial_lane", cleared["map_index"]))
    assert run.done() < N_TRIALS, "the run was through when the lane was cleared: give it more trials"
    assert run.ends()["state"] == "success"
    run.assert_right()
    assert run.trials() == undisturbed.trials()
    return LostLanes(run, killed, ticket, cleared)


@pytest.mark.fault("lane task killed -9 on the head", servers="simulated")
def test_a_killed_lane_is_tried_again(up: Stand, lost_lanes: LostLanes, outcome: Outcome) -> None:
    assert up.ledger.tickets(lost_lanes.run.run_id)[lost_lanes.ticket].attempts == 2
    lost_lanes.assert_tried_again(lost_lanes.killed)
    outcome("its worker ends with it; Airflow tries the lane again, which runs the trial that it had leased")


@pytest.mark.fault("a task cleared by hand in mid-run", servers="simulated")
def test_a_lane_cleared_in_mid_run_starts_again(lost_lanes: LostLanes, outcome: Outcome) -> None:
    lost_lanes.assert_tried_again(lost_lanes.cleared)
    outcome("its worker ends with it; the lane starts again and goes on where it was")


@pytest.mark.fault("the same run triggered twice", servers="simulated")
def test_a_run_triggered_twice_is_one_run_and_a_second_waits(up: Stand, undisturbed: Faulty, outcome: Outcome) -> None:
    first = Faulty.triggered(up, "twice")
    again = up.client.trigger(CONF, first.run_id)
    second = Faulty.triggered(up, "twice-the-second")
    first.wait_for_mid_run()

    assert again.status_code == 409
    assert up.client.run(second.run_id)["state"] == "queued"
    assert second.done() == 0
    assert first.ends()["state"] == "success"
    second.config_before = published_bytes(up)
    assert second.ends()["state"] == "success"
    for run in (first, second):
        run.assert_right()
        assert run.trials() == undisturbed.trials()
        assert len(decisions(up, run.run_id)) == 1
    assert first.files.location != second.files.location
    assert decisions(up, first.run_id)[0][0] == decisions(up, second.run_id)[0][0], "the pool was decided before"
    outcome("the same run id is refused (409); another run id waits until the first run has ended, and has its own end")


@pytest.mark.timeout(600, func_only=True)  # on a busy machine Airflow alone starts for a minute or two
@pytest.mark.fault("the whole of Airflow restarted, a GPU drained by hand before", servers="simulated")
def test_a_restart_of_the_whole_of_airflow_costs_no_trial(up: Stand, undisturbed: Faulty, outcome: Outcome) -> None:
    run = Faulty.triggered(up, "airflow-restarted")
    run.wait_for_mid_run()
    node, engine = up.cluster.nodes[0].name, up.ledger.engine

    held = drain(engine, node, 0, "loud fan", "ann@head")
    up.airflow.crash()
    until(lambda: workers(up) == [], "the end of the workers whose lanes were killed", timeout_s=10)
    assert run.done() < N_TRIALS
    up.airflow.start_all()
    ended = run.ends(timeout_s=480.0)
    lift(engine, node, 0, "ann@head")

    assert ended["state"] == "success"
    run.assert_right()
    assert run.trials() == undisturbed.trials()
    results = [ticket.result for ticket in up.ledger.tickets(run.run_id) if ticket.result is not None]
    of_gpu = [one for one in results if (one.node, one.gpu) == (node, 0)]
    late = [one for one in of_gpu if datetime.fromisoformat(one.started_at) > held.since]
    assert len(late) <= 1, "what its lane had claimed when it was drained"
    outcome(
        "the workers end with their lanes; started again, Airflow finds the orphaned tasks and runs them anew; the GPU "
        "that is drained gets no trial before the restart or after, and its lane ends well"
    )
