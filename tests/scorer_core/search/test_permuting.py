"""A lane that finds no ticket has its rig count permutations; whatever becomes of them, the budget is what it was."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from scorer_core.errors import RigLost, RigTimeout, TrialFailed
from scorer_core.ledger import permutations
from scorer_core.ledger.keys import Asked, DecisionKey
from scorer_core.ledger.leasing import MAX_ATTEMPTS
from scorer_core.ledger.ledger import Ledger
from scorer_core.rig.protocol import AnyRequest, TrialResult
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind, TicketState
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.sweep.batches import PermutationRequest, batch_count
from scorer_core.search import permuting as permuting_module
from scorer_core.search.lane import Lane
from scorer_core.search.permuting import SHORTEST_TIMEOUT_S, Permuting
from tests.support.tickets import CONTENT, POOL, RUN, WORKER, A, B, open_run, result, spec

GRACE = timedelta(seconds=30)
ASKED = Asked(DecisionKey(CONTENT, "max_offset", "the space", "trial"), 0.01)
WANTED = 50
BUDGET = 3


class Rig:
    """Answers trials, and batches as `count` says; remembers what it was asked."""

    def __init__(self, count: Callable[[PermutationRequest], list[float]]) -> None:
        self.asked: list[AnyRequest] = []
        self._count = count

    def run(self, request: AnyRequest, timeout_s: float) -> TrialResult:
        self.asked.append(request)
        if not isinstance(request, PermutationRequest):
            return result(request.trial_number, request.params)
        assert timeout_s == SHORTEST_TIMEOUT_S
        moment = "2024-05-06T07:08:01+00:00"
        found = {"best": self._count(request)}
        return TrialResult(request.trial_number, request.to_json(), found, A.node, 0, WORKER, POOL, moment, moment, 1.0)

    def keep_alive(self) -> None:
        return


def honest(request: PermutationRequest) -> list[float]:
    return [float(number) for number in request.permutations.numbers]


def never(_seconds: float) -> None:
    raise AssertionError("there was no reason to wait")


def work(ledger: Ledger, rig: Rig, slot: Slot = A, sleep: Callable[[float], None] = never) -> tuple[Lane, Permuting]:
    """Let a lane work that must not wait, unless it may."""
    run = ledger.run(RUN)
    lane = Lane(slot, ledger, run, GRACE, sleep)
    permuting = Permuting(slot, ledger, run, GRACE, within_trials=True)
    lane.work(rig, permuting)
    return lane, permuting


@pytest.fixture
def run(some_ledger: Ledger) -> Ledger:
    open_run(some_ledger, spec(BUDGET, evidence_permutations=WANTED), asked=ASKED, batches=batch_count(WANTED))
    return some_ledger


def best(ledger: Ledger) -> list[float]:
    return [one for answer in permutations.counted(ledger.engine, RUN) or [] for one in answer.evaluation["best"]]


def test_batches_come_after_the_tickets_and_are_told_one_by_one(run: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(honest)

    with caplog.at_level(logging.INFO, permuting_module.__name__):
        lane, permuting = work(run, rig)

    assert rig.asked[BUDGET:] == [
        PermutationRequest(0, MaskPolicy.MAX_OFFSET, 1, True, 0, 20),
        PermutationRequest(1, MaskPolicy.MAX_OFFSET, 1, True, 20, 20),
        PermutationRequest(2, MaskPolicy.MAX_OFFSET, 1, True, 40, 10),
    ]
    assert best(run) == [float(number) for number in range(WANTED)]
    assert (lane.trials, permuting.batches, run.counts(RUN)[TicketState.DONE]) == (BUDGET, 3, BUDGET)
    told = [one.getMessage().rpartition(":")[0] for one in caplog.records if one.name == permuting_module.__name__]
    assert told == ["permutations 1 to 20 of 50", "permutations 21 to 40 of 50", "permutations 41 to 50 of 50"]


@pytest.mark.parametrize("error", [TrialFailed("out of memory"), RigTimeout(A.node, "no end within 600 s.")])
def test_a_rig_that_fails_a_batch_is_asked_for_no_more_and_others_are(run: Ledger, error: Exception) -> None:
    def broken(request: PermutationRequest) -> list[float]:
        raise error

    rig = Rig(broken)
    if isinstance(error, RigTimeout):
        with pytest.raises(RigTimeout):
            work(run, rig)
    else:
        _, permuting = work(run, rig)
        assert (permuting.is_awaited(), permuting.batches, permuting.ended) == (False, 0, 1)
    assert len(rig.asked) == BUDGET + 1
    assert run.spent(RUN, A.node)
    assert permutations.awaited(run.engine, RUN)

    work(run, Rig(honest), B)

    assert len(best(run)) == WANTED
    assert {(one.state, one.attempts) for one in run.tickets(RUN)} == {(TicketState.DONE, 1)}
    assert run.failures(RUN) == []


def test_a_rig_that_is_lost_in_a_batch_counts_it_when_it_is_back(run: Ledger) -> None:
    lost: list[PermutationRequest] = []

    def cut_once(request: PermutationRequest) -> list[float]:
        if request.first == 20 and not lost:
            lost.append(request)
            raise RigLost(A.node, "its power was cut.")
        return honest(request)

    with pytest.raises(RigLost):
        work(run, Rig(cut_once))
    assert len(best(run)) == 20
    _, permuting = work(run, Rig(cut_once))

    assert permuting.batches == 2
    assert best(run) == [float(number) for number in range(WANTED)]


def test_a_lane_waits_for_a_batch_that_another_one_counts_and_takes_it_when_it_comes_back(run: Ledger) -> None:
    held = permutations.claim(run.engine, RUN, B, GRACE)
    assert held is not None

    def gives_back(_seconds: float) -> None:
        assert run.spent(RUN, A.node)
        permutations.fail(run.engine, RUN, held, B, FailureKind.LOST, "gone")

    _, permuting = work(run, Rig(honest), A, gives_back)

    assert (permuting.batches, len(best(run))) == (batch_count(WANTED), WANTED)


def test_what_is_lost_over_and_over_ends(run: Ledger) -> None:
    def cut(request: PermutationRequest) -> list[float]:
        raise RigLost(A.node, "its power was cut.")

    for _ in range(MAX_ATTEMPTS * batch_count(WANTED)):
        with pytest.raises(RigLost):
            work(run, Rig(cut))
    _, permuting = work(run, Rig(honest))

    assert (permuting.batches, best(run)) == (0, [])
    assert {one.state for one in run.tickets(RUN)} == {TicketState.DONE}


@pytest.mark.parametrize(("wanted", "asked"), [(20, ASKED), (WANTED, None)])
def test_up_to_twenty_and_without_a_decision_no_batch_is_looked_for(
    some_ledger: Ledger, monkeypatch: pytest.MonkeyPatch, wanted: int, asked: Asked | None
) -> None:
    open_run(some_ledger, spec(BUDGET, evidence_permutations=wanted), asked=asked)
    monkeypatch.setattr(permutations, "claim", None)
    monkeypatch.setattr(permutations, "awaited", None)

    _, permuting = work(some_ledger, Rig(honest))

    assert permuting.batches == 0
