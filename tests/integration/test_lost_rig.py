"""Given a rig that is lost in mid-run: the other lanes finish its tickets, and the budget is spent exactly."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import optuna
import pytest
import tenacity
from optuna.trial import TrialState

from scorer_airflow.ssh.transport import SshTransport
from scorer_core.context import RunContext
from scorer_core.errors import RigLost, RigUnreachable
from scorer_core.ledger.records import study_name
from scorer_core.pool.survivors import pool_from_columns
from scorer_core.run.collected import Collected
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from scorer_core.steps.collect import collect
from scorer_core.steps.gpu_slots import gpu_slots
from sim.pools import PoolKind, make_pool
from sim.rigs.cluster import NodeSpec, SimCluster
from tests.integration.rigs import Lanes, deploy_all, make_settings
from tests.support.prepared import prepared

pytestmark = pytest.mark.slow

N_TRIALS = 150
BEFORE_THE_KILL = 10
GPUS = 2


@dataclass(frozen=True)
class Story:
    """A run of four lanes on two nodes, one of which was killed, and what collect made of it."""

    context: RunContext
    cluster: SimCluster
    lanes: Lanes
    done_at_kill: int
    collected: Collected


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("lost")
    pool = pool_from_columns(make_pool(PoolKind.PLANTED, 30_000, seed=1), where="pool")
    specs = [NodeSpec("rig-a", "nvidia", GPUS), NodeSpec("rig-b", "amd", GPUS)]
    with (
        SimCluster.start(None, folder / "cluster", nodes=specs) as cluster,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(SshTransport._client.retry, "wait", tenacity.wait_none())
        settings = make_settings(folder / "home", cluster.inventory, reconnect_s=0.2)
        context = prepared(settings, pool, n_trials=N_TRIALS, sample_size=None, search="random", seed=3)
        inventory = deploy_all(context)
        lanes = Lanes(context, gpu_slots(inventory, dict.fromkeys(("rig-a", "rig-b"), 60.0), 2 * GPUS))
        while done(context) < BEFORE_THE_KILL or len(nodes_of(context)) < 2 or len(at_work(context)) < 2 * GPUS:
            time.sleep(0.005)
        cluster.kill("rig-b")
        done_at_kill = done(context)
        lanes.join()
        yield Story(context, cluster, lanes, done_at_kill, collect(context, inventory))


def done(context: RunContext) -> int:
    return context.ledger.counts(context.run_id)[TicketState.DONE]


def at_work(context: RunContext) -> set[str]:
    """Return the lanes that hold a trial or have done one."""
    tickets = context.ledger.tickets(context.run_id)
    did = {Slot(ticket.result.node, ticket.result.gpu).label for ticket in tickets if ticket.result}
    return did | {ticket.lane for ticket in tickets if ticket.lane}


def nodes_of(context: RunContext) -> set[str]:
    return {ticket.result.node for ticket in context.ledger.tickets(context.run_id) if ticket.result}


def journalled(cluster: SimCluster, node: str) -> list[int]:
    journals = (cluster.node(node).home / "scorer" / "runs" / "run-1").glob("gpu*.jsonl")
    return [json.loads(line)["trial_number"] for path in journals for line in path.read_text().splitlines()]


def test_the_rig_was_killed_in_mid_run(story: Story) -> None:
    assert BEFORE_THE_KILL <= story.done_at_kill < N_TRIALS - 10


def test_the_lanes_of_the_lost_rig_fail_and_say_so_and_the_others_go_on_to_the_end(story: Story) -> None:
    assert set(story.lanes.errors) == {"rig-b · gpu 0", "rig-b · gpu 1"}
    for error in story.lanes.errors.values():
        assert isinstance(error, RigLost | RigUnreachable)
        assert error.node == "rig-b"
    assert set(story.lanes.reports) == {"rig-a · gpu 0", "rig-a · gpu 1"}
    assert all(report.trials > 0 for report in story.lanes.reports.values())


def test_exactly_the_budget_is_done_and_no_trial_twice(story: Story) -> None:
    tickets = story.context.ledger.tickets(story.context.run_id)

    assert [ticket.number for ticket in tickets] == list(range(N_TRIALS))
    assert {ticket.state for ticket in tickets} == {TicketState.DONE}
    assert nodes_of(story.context) == {"rig-a", "rig-b"}
    assert set(Counter(journalled(story.cluster, "rig-a")).values()) == {1}
    retried = [ticket.number for ticket in tickets if ticket.attempts > 1]
    assert 0 < len(retried) <= GPUS, "each lost lane gives back the one ticket that it held"
    again = set(journalled(story.cluster, "rig-a")) & set(journalled(story.cluster, "rig-b"))
    assert again <= set(retried)


def test_a_trial_that_was_given_back_was_run_again_with_the_same_parameters(story: Story) -> None:
    for ticket in story.context.ledger.tickets(story.context.run_id):
        assert ticket.result is not None
        assert ticket.result.request["params"] == ticket.params


def test_collect_succeeds_and_names_the_node_that_it_could_not_read(story: Story) -> None:
    outcome = story.collected

    assert (outcome.budget, outcome.executed, outcome.reported, outcome.failed) == (N_TRIALS, N_TRIALS, N_TRIALS, 0)
    assert set(outcome.unreachable) == {"rig-b"}
    assert "no SSH connection" in outcome.unreachable["rig-b"]
    assert outcome.journalled == {"rig-a": len(journalled(story.cluster, "rig-a"))}
    assert outcome.collected == outcome.journalled["rig-a"]


def test_the_study_of_record_has_every_trial_with_its_facts(story: Story) -> None:
    context = story.context
    study = optuna.load_study(study_name=study_name(context.run_id), storage=context.settings.database_url)
    trials = study.get_trials()

    assert [trial.number for trial in trials] == list(range(N_TRIALS))
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    for trial, ticket in zip(trials, context.ledger.tickets(context.run_id), strict=True):
        facts, result = trial.user_attrs, ticket.result
        assert result is not None
        assert (facts["node"], facts["gpu"]) == (result.node, result.gpu)
        assert facts["node"] in {"rig-a", "rig-b"}
        assert facts["gpu"] in range(GPUS)
        assert facts["worker_sha256"] == context.record.worker_sha256
        assert "sample_size" in facts
        assert facts["sample_size"] is None
        assert trial.value == result.evaluation["objective"]
        assert ticket.params == trial.params | study.user_attrs["fixed"]


def test_when_the_rig_is_back_its_journals_are_read_and_nothing_else_changes(story: Story) -> None:
    story.cluster.restart("rig-b")

    again = collect(story.context, story.context.inventory())

    assert again.unreachable == {}
    assert (again.executed, again.reported, again.collected, again.recovered) == (N_TRIALS, N_TRIALS, N_TRIALS, 0)
    assert again.journalled["rig-b"] == len(journalled(story.cluster, "rig-b"))
