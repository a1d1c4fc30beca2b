"""Given a network that drops every packet without a word: silence is noticed at both ends, and the run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tenacity

from scorer_airflow.ssh import hook
from scorer_airflow.ssh.transport import SshTransport
from scorer_core.context import RunContext
from scorer_core.errors import RigUnreachable
from scorer_core.pool.survivors import Pool, pool_from_columns
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind, TicketState
from scorer_core.steps.collect import collect
from sim.pools import PoolKind, make_pool
from sim.rigs.cluster import NodeSpec, SimCluster
from tests.integration.faults.network import cabled_server, wait_until_no_worker, workers_at
from tests.integration.faults.slow_worker import set_seconds, slow_workers
from tests.integration.rigs import Lanes, deploy_all, make_settings
from tests.support.prepared import prepared

SILENCE_S = 2.0
SECONDS_PER_TRIAL = 0.15
FAR, NEAR = Slot("rig-far", 0), Slot("rig-near", 0)
PUBLISHED = b'{"published": "before"}\n'


@pytest.fixture(scope="module")
def pool() -> Pool:
    return pool_from_columns(make_pool(PoolKind.PLANTED, 5_000, seed=1), where="pool")


@pytest.fixture(autouse=True)
def impatient_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on a connection after two tries of a second, not after six of ten."""
    monkeypatch.setattr(hook, "CONNECT_TIMEOUT_S", 1)
    policy = SshTransport._client.retry
    monkeypatch.setattr(policy, "wait", tenacity.wait_none())
    monkeypatch.setattr(policy, "stop", tenacity.stop_after_attempt(2))


@pytest.fixture(autouse=True)
def slow_trials() -> Iterator[None]:
    with slow_workers():
        yield


def done(context: RunContext) -> int:
    return context.ledger.counts(context.run_id)[TicketState.DONE]


def nodes_of(context: RunContext) -> list[str]:
    return [ticket.result.node for ticket in context.ledger.tickets(context.run_id) if ticket.result]


def wait_for(what: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.01)


def publish_something(home: Path) -> Path:
    published = home / "published" / "optimal_scorer_config.json"
    published.parent.mkdir(parents=True, exist_ok=True)
    published.write_bytes(PUBLISHED)
    return published


def assert_every_ticket_is_done_once(context: RunContext, n_trials: int) -> None:
    tickets = context.ledger.tickets(context.run_id)
    assert [ticket.number for ticket in tickets] == list(range(n_trials))
    assert {ticket.state for ticket in tickets} == {TicketState.DONE}
    assert all(ticket.result and ticket.result.request["params"] == ticket.params for ticket in tickets)


@pytest.mark.fault("network silently dropped in mid-run (packets discarded, no reset), for good", servers="OpenSSH")
def test_a_rig_that_falls_silent_gives_its_ticket_back_and_another_rig_finishes(
    tmp_path: Path, pool: Pool, outcome: Callable[[str], None]
) -> None:
    n_trials = 40
    published = publish_something(tmp_path / "home")
    with (
        cabled_server(tmp_path / "far", FAR.node) as (cable, far),
        SimCluster.start(None, tmp_path / "cluster", nodes=[NodeSpec(NEAR.node, "nvidia", 1)]) as cluster,
    ):
        near = cluster.node(NEAR.node)
        entries = [far.inventory_entry(), near.inventory_entry()]
        settings = make_settings(tmp_path / "home", entries, silence_s=SILENCE_S, reconnect_s=1.0)
        context = prepared(settings, pool, n_trials=n_trials, sample_size=None, search="random", seed=3)
        inventory = deploy_all(context)
        for home in (far.home, near.home):
            set_seconds(home / "scorer", SECONDS_PER_TRIAL)
        lanes = Lanes(context, [FAR, NEAR])
        wait_for(lambda: set(nodes_of(context)) == {FAR.node, NEAR.node} and done(context) >= 6)

        cable.cut()
        cut_at, done_at_cut = time.monotonic(), done(context)

        assert workers_at(far.home), "the worker ended before the network did: nothing was tested"
        wait_for(lambda: bool(context.ledger.failures(context.run_id)))
        noticed_s = time.monotonic() - cut_at
        wait_until_no_worker(far.home, timeout_s=3 * SILENCE_S + 2.0)
        worker_lived_s = time.monotonic() - cut_at
        lanes.join()
        wait_until_no_worker(near.home)
        cut_off = collect(context, inventory)
        cable.mend()
        mended = collect(context, inventory)

    failures = context.ledger.failures(context.run_id)
    assert done_at_cut < n_trials - 10
    assert [(failure.lane, failure.outcome) for failure in failures] == [(FAR.label, FailureKind.LOST)]
    assert f"no sign of life for {SILENCE_S:g} s" in failures[0].error
    assert SILENCE_S - 0.5 <= noticed_s <= SILENCE_S + 2.0
    assert 2 * SILENCE_S <= worker_lived_s <= 3 * SILENCE_S + 2.0
    assert isinstance(lanes.errors[FAR.label], RigUnreachable)
    assert set(lanes.reports) == {NEAR.label}
    assert_every_ticket_is_done_once(context, n_trials)
    assert set(cut_off.unreachable) == {FAR.node}
    assert mended.unreachable == {}
    assert (cut_off.executed, mended.executed, mended.collected) == (n_trials, n_trials, n_trials)
    assert mended.recovered == 0
    assert published.read_bytes() == PUBLISHED
    outcome(
        f"the lane notices after `SCORER_SILENCE_S`, gives its one ticket back and ends; the worker ends by itself "
        f"after three times that; the other rig finishes: {n_trials} of {n_trials} results"
    )


@pytest.mark.fault("network silently dropped in mid-run, back within `SCORER_RECONNECT_S`", servers="OpenSSH")
def test_a_lane_connects_anew_when_the_network_is_back(
    tmp_path: Path, pool: Pool, outcome: Callable[[str], None]
) -> None:
    n_trials = 30
    published = publish_something(tmp_path / "home")
    with cabled_server(tmp_path / "far", FAR.node) as (cable, far):
        settings = make_settings(tmp_path / "home", [far.inventory_entry()], silence_s=SILENCE_S, reconnect_s=30.0)
        context = prepared(settings, pool, n_trials=n_trials, sample_size=None, search="random", seed=3)
        inventory = deploy_all(context)
        set_seconds(far.home / "scorer", SECONDS_PER_TRIAL)
        lanes = Lanes(context, [FAR])
        wait_for(lambda: done(context) >= 5)
        first_worker = workers_at(far.home)

        cable.cut()
        wait_for(lambda: bool(context.ledger.failures(context.run_id)))
        still_there = workers_at(far.home)
        cable.mend()
        lanes.join()
        wait_until_no_worker(far.home)
        collected = collect(context, inventory)

    failures = context.ledger.failures(context.run_id)
    assert first_worker == still_there, "the old worker must still hold the GPU when the lane is back"
    assert [failure.outcome for failure in failures] == [FailureKind.LOST]
    assert lanes.errors == {}
    assert lanes.reports[FAR.label].failures == 1
    assert_every_ticket_is_done_once(context, n_trials)
    assert (collected.executed, collected.collected, collected.unreachable) == (n_trials, n_trials, {})
    assert collected.journalled == {FAR.node: n_trials}, "no trial was computed twice"
    assert published.read_bytes() == PUBLISHED
    outcome(
        f"the lane connects anew, ends its own old worker, runs the same trial again: {n_trials} of {n_trials} results"
    )
