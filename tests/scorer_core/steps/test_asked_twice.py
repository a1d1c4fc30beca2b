"""Given a sweep with SCORER_VERIFY=all: two rigs answer every shard, and the head what no second rig could."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import RigLost
from scorer_core.gate.decision import Decision
from scorer_core.ledger.opinions import second_answers
from scorer_core.rig import journal
from scorer_core.rig.protocol import Request, TrialResult
from scorer_core.rig.worker import Origin
from scorer_core.run.slot import Slot
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.search.in_process import NODE
from scorer_core.search.lane import Lane, LaneReport, request_of
from scorer_core.steps.collect import collect
from scorer_core.steps.prepare_run import prepare_run
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.verify import Verify
from tests.scorer_core.steps.installation import journal_of
from tests.support.computed import computed_once
from tests.support.prepared import make_node, make_settings, prepared
from tests.support.runs import sample_pool

SWEEP: dict[str, Any] = {"search": "sweep", "fixed_params": {"residue_mod_1": 9, "max_offset": 9}}
pytestmark = pytest.mark.slow
RIGS = ("rig-a", "rig-b", "rig-c", "rig-d")
LIAR = "rig-b"
SOME = 8
Lie = Callable[[dict[str, Any]], dict[str, Any]]


class Rig:
    """A rig in this process: journals what it computes, and tells what it likes; lost after so many answers."""

    def __init__(self, context: RunContext, node: str, lie: Lie | None = None, lost_after: int | None = None) -> None:
        self.node, self._lie, self._left = node, lie, lost_after
        run = context.record
        self._origin = Origin(node, 0, run.worker_sha256, run.pool_sha256)
        self._journal = journal_of(context, node)
        self._scorer = PoolScorer.of(context.files.pool.read_pool())
        self.asked: list[int] = []

    def run(self, request: Request, timeout_s: float) -> TrialResult:
        del timeout_s
        if self._left is not None and len(self.asked) >= self._left:
            raise RigLost(self.node, "its power was cut.")
        self.asked.append(request.trial_number)
        result = computed_once(self._scorer, request, self._origin)
        if self._lie is not None:
            result = replace(result, evaluation=self._lie(result.evaluation))
        journal.append(self._journal, result)
        return result

    def keep_alive(self) -> None:
        pass


def invent(evaluation: dict[str, Any]) -> dict[str, Any]:
    best, *rest = evaluation["top"]
    return {**evaluation, "objective": 0.95, "top": [[*best[:-4], 0.95, *best[-3:]], *rest]}


def hide(evaluation: dict[str, Any]) -> dict[str, Any]:
    top = evaluation["top"][1:] or evaluation["top"]
    return {**evaluation, "objective": top[0][-4], "top": top}


def run_on(home: Path, rigs: Sequence[str] = RIGS, verify: Verify = Verify.ALL) -> RunContext:
    """Prepare a sweep of a small pool on some rigs."""
    settings = make_settings(home, *(make_node(home, name) for name in rigs), verify=verify)
    return prepared(settings, sample_pool(size=3000), **SWEEP)


def work(context: RunContext, *rigs: Rig) -> list[LaneReport]:
    """Let rigs work, one after the other, each until nothing is left for it or it is lost; return what each did."""
    reports = []
    for rig in rigs:
        lane = Lane(Slot(rig.node, 0), context.ledger, context.record, timedelta(seconds=30))
        with suppress(RigLost):
            lane.work(rig)
        reports.append(lane.report())
    return reports


def answerers(context: RunContext) -> list[set[str]]:
    """Return of each shard who answered it."""
    seconds = second_answers(context.ledger.engine, context.run_id)
    return [
        {one.node for one in (ticket.result, seconds.get(ticket.number)) if one is not None}
        for ticket in context.ledger.tickets(context.run_id)
    ]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Decision:
    """The decision on the same run without a liar."""
    context = run_on(tmp_path_factory.mktemp("honest"), verify=Verify.SAMPLE)
    work(context, Rig(context, "rig-a", lost_after=SOME), Rig(context, "rig-c"), Rig(context, "rig-d"))
    collect(context, context.inventory())
    return quality_gate(context)


def test_two_rigs_answer_each_shard_and_the_head_sweeps_its_sample_alone(
    tmp_path: Path, honest: Decision, caplog: pytest.LogCaptureFixture
) -> None:
    context = run_on(tmp_path)
    budget = context.spec.n_trials

    with caplog.at_level(logging.INFO, "scorer_core.search.lane"):
        reports = work(context, Rig(context, "rig-a", lost_after=SOME), Rig(context, "rig-c"), Rig(context, "rig-d"))

    found = collect(context, context.inventory())
    rest = budget - SOME
    assert [(one.trials, one.opinions) for one in reports] == [(SOME, 0), (rest, SOME), (0, rest)]
    assert [len(who) for who in answerers(context)] == [2] * budget
    assert found.agreed == budget
    assert (found.executed, found.collected, found.distrusted) == (budget, budget, {})
    assert not any(NODE in who for who in answerers(context))
    assert "rig-c · gpu 0 checks shard 0 of rig-a" in caplog.messages
    assert collect(context, context.inventory()).agreed == budget
    assert quality_gate(context) == honest


@pytest.mark.parametrize("lie", [invent, hide])
@pytest.mark.parametrize("place", ["first", "second"])
def test_a_liar_among_four_rigs_changes_nothing_and_is_named(
    tmp_path: Path, honest: Decision, lie: Lie, place: str
) -> None:
    context = run_on(tmp_path)
    liar = Rig(context, LIAR, lie, lost_after=SOME)
    others = [Rig(context, name) for name in ("rig-a", "rig-c", "rig-d")]
    work(context, *([liar, *others] if place == "first" else [others[0], liar, *others[1:]]))

    found = collect(context, context.inventory())

    assert len(liar.asked) == SOME
    assert set(found.distrusted) == set(found.taken_out) == {LIAR}
    assert not any(LIAR in who for who in answerers(context))
    assert all(len(who) == 2 or who == {NODE} for who in answerers(context))
    assert quality_gate(context) == honest


@pytest.mark.parametrize("lie", [None, hide])
def test_of_a_cluster_of_one_rig_the_head_answers_each_shard_too(
    tmp_path: Path, honest: Decision, lie: Lie | None
) -> None:
    context = run_on(tmp_path, ["rig-a"])
    work(context, Rig(context, "rig-a", lie))

    found = collect(context, context.inventory())

    assert found.agreed == 0
    assert set(found.distrusted) == ({"rig-a"} if lie else set())
    assert answerers(context) == [{NODE} if lie else {"rig-a", NODE}] * context.spec.n_trials
    assert quality_gate(context) == honest


def test_what_a_lost_rig_could_not_check_the_head_sweeps(tmp_path: Path, honest: Decision) -> None:
    context = run_on(tmp_path, RIGS[:2])
    budget = context.spec.n_trials
    work(context, Rig(context, "rig-b", lost_after=SOME), Rig(context, "rig-a"))

    found = collect(context, context.inventory())

    assert (found.agreed, found.checked >= budget - SOME) == (SOME, True)
    assert answerers(context) == [{"rig-a", "rig-b"}] * SOME + [{"rig-a", NODE}] * (budget - SOME)
    assert quality_gate(context) == honest


def test_an_opinion_whose_reply_was_lost_is_recovered_from_the_journal(tmp_path: Path) -> None:
    context = run_on(tmp_path, RIGS[:2])
    work(context, Rig(context, "rig-a"))
    ticket = context.ledger.claim(context.run_id, Slot("rig-b", 0), timedelta(seconds=30))
    assert ticket is not None
    Rig(context, "rig-b").run(request_of(context.spec, ticket.number, ticket.params or {}), 1.0)

    found = collect(context, context.inventory())

    assert (found.agreed, found.recovered) == (1, 0)
    assert answerers(context)[ticket.number] == {"rig-a", "rig-b"}


@pytest.mark.parametrize(("began", "then", "twice"), [("all", "sample", True), ("sample", "all", False)])
def test_a_run_is_asked_as_often_as_the_setting_said_when_it_began(
    tmp_path: Path, began: str, then: str, twice: bool
) -> None:
    context = run_on(tmp_path, verify=Verify(began))
    settings = context.settings.model_copy(update={"verify": Verify(then)})

    again = prepare_run(settings, context.run_id, SWEEP)

    assert bool(second_answers(again.ledger.engine, context.run_id)) is twice


def test_only_shards_are_asked_twice(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, verify=Verify.ALL)
    context = prepared(settings, sample_pool(size=3000), search="random", n_trials=4, seed=1)

    assert second_answers(context.ledger.engine, context.run_id) == {}
