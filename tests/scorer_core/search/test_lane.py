"""A lane with a rig that is a plain object: what it asks, what it records, when it waits, when it gives up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from scorer_core.engines import SearchEngine
from scorer_core.errors import ChecksumMismatch, RigError, RigLost, TrialFailed
from scorer_core.ledger.ledger import Ledger
from scorer_core.rig.protocol import Request, TrialResult
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from scorer_core.scoring.sweep.shards import ShardRequest
from scorer_core.scoring.trial import TrialRequest
from scorer_core.search.lane import FIRST_POLL_S, IDLE_POLL_S, Lane
from scorer_core.spec import RunSpec
from tests.support.tickets import (
    LEASE,
    PARAMS,
    RUN,
    A,
    B,
    Clock,
    best_objective,
    claimed,
    fail,
    open_run,
    recorded,
    result,
    spec,
    swept_spec,
)

GRACE = timedelta(seconds=30)
Answer = Callable[[Request], float]


class Rig:
    """Answers each request with an objective, or raises what `answer` raises; remembers what it was asked."""

    def __init__(self, answer: Answer = lambda request: request.trial_number / 100) -> None:
        self.asked: list[Request] = []
        self._answer = answer

    def run(self, request: Request, timeout_s: float) -> TrialResult:
        assert timeout_s == 60.0
        self.asked.append(request)
        return result(request.trial_number, request.params, self._answer(request))

    def keep_alive(self) -> None:
        return


def lane(ledger: Ledger, slot: Slot = A, sleep: Callable[[float], None] | None = None) -> Lane:
    """Return a lane that must not wait, unless the test gives it a sleep."""

    def never(_seconds: float) -> None:
        raise AssertionError("there was no reason to wait")

    return Lane(slot, ledger, ledger.run(RUN), GRACE, sleep or never)


def opened(ledger: Ledger, run_spec: RunSpec) -> Ledger:
    open_run(ledger, run_spec)
    return ledger


@pytest.mark.parametrize("search", [SearchEngine.TPE, SearchEngine.RANDOM])
def test_a_lane_spends_exactly_the_budget(some_ledger: Ledger, search: SearchEngine) -> None:
    rig = Rig()

    report = lane(opened(some_ledger, spec(15, search))).work(rig)

    assert (report.lane, report.trials, report.failures) == (A.label, 15, 0)
    assert 0 <= report.busy_s <= report.seconds
    assert [request.trial_number for request in rig.asked] == list(range(15))
    tickets = some_ledger.tickets(RUN)
    assert {(ticket.state, ticket.attempts) for ticket in tickets} == {(TicketState.DONE, 1)}
    assert [ticket.params for ticket in tickets] == [dict(request.params) for request in rig.asked]
    assert {
        (request.sample_size, request.mask_policy.value) for request in rig.asked if isinstance(request, TrialRequest)
    } == {(450, "max_offset")}


def test_a_lane_of_a_sweep_asks_for_each_shard_of_the_space_once(some_ledger: Ledger) -> None:
    rig = Rig()

    report = lane(opened(some_ledger, swept_spec(fixed_params={"residue_mod_1": 12}, sample_size=450))).work(rig)

    shards = [tuple(int(request.params[f"residue_mod_3_{end}"]) for end in ("low", "high")) for request in rig.asked]
    assert {type(request) for request in rig.asked} == {ShardRequest}
    assert {(request.sample_size, request.params["residue_mod_1"]) for request in rig.asked} == {(450, 12)}
    assert [value for low, high in shards for value in range(low, high + 1)] == list(range(500, 1501))
    assert report.trials == len(shards) == some_ledger.run(RUN).spec.n_trials


def test_a_lane_of_a_run_that_is_spent_asks_nothing(some_ledger: Ledger) -> None:
    lane(opened(some_ledger, spec(2))).work(Rig())
    late = Rig()

    assert lane(some_ledger, B).work(late).trials == 0
    assert late.asked == []


@pytest.mark.parametrize("search", [SearchEngine.TPE, SearchEngine.RANDOM])
def test_constant_results_are_no_reason_to_stop(some_ledger: Ledger, search: SearchEngine) -> None:
    report = lane(opened(some_ledger, spec(30, search))).work(Rig(lambda _: -1.0))

    assert report.trials == 30
    assert best_objective(some_ledger, RUN) == -1.0


def broken(number: int, error: Callable[[], BaseException]) -> Answer:
    """Return a rig's answer that raises for one trial."""

    def answer(request: Request) -> float:
        if request.trial_number == number:
            raise error()
        return 0.25

    return answer


def test_a_trial_that_fails_three_times_is_failed_and_the_others_are_done(some_ledger: Ledger) -> None:
    rig = Rig(broken(1, lambda: TrialFailed("rig-a · gpu 0: out of memory")))

    report = lane(opened(some_ledger, spec(4))).work(rig)

    assert (report.trials, report.failures) == (3, 3)
    assert [request.trial_number for request in rig.asked] == [0, 1, 1, 1, 2, 3]
    assert len({str(request.params) for request in rig.asked if request.trial_number == 1}) == 1
    failed = some_ledger.tickets(RUN)[1]
    assert (failed.state, failed.error) == (TicketState.FAILED, "rig-a · gpu 0: out of memory")
    assert some_ledger.spent(RUN)


@pytest.mark.parametrize("error", [RigLost("rig-a", "the link dropped"), ChecksumMismatch("rig-a", "stale worker")])
def test_when_the_rig_is_gone_the_ticket_is_given_back_and_the_lane_says_why(
    some_ledger: Ledger, error: RigError
) -> None:
    rig = Rig(broken(1, lambda: error))

    with pytest.raises(type(error)) as raised:
        lane(opened(some_ledger, spec(3))).work(rig)

    assert raised.value is error
    tickets = some_ledger.tickets(RUN)
    assert [ticket.state for ticket in tickets] == [TicketState.DONE, TicketState.OPEN, TicketState.OPEN]
    assert tickets[1].error == str(error)
    assert tickets[1].params == dict(rig.asked[1].params), "whoever takes it runs the same trial"


def test_another_lane_finishes_what_a_lost_rig_gave_back(some_ledger: Ledger) -> None:
    lost, other = Rig(broken(1, lambda: RigLost("rig-a", "the link dropped"))), Rig()
    with pytest.raises(RigLost):
        lane(opened(some_ledger, spec(3))).work(lost)

    assert lane(some_ledger, B).work(other).trials == 2

    assert other.asked[0] == lost.asked[1]
    assert some_ledger.counts(RUN)[TicketState.DONE] == 3


def test_a_lane_that_comes_back_runs_the_same_trial_again(some_ledger: Ledger) -> None:
    class Killed(BaseException):
        """What the lane's process meets: nobody gets to give the ticket back."""

    first, again = Rig(broken(1, Killed)), Rig()
    with pytest.raises(Killed):
        lane(opened(some_ledger, spec(3))).work(first)
    assert some_ledger.tickets(RUN)[1].state is TicketState.LEASED

    lane(some_ledger).work(again)

    assert again.asked[0] == first.asked[1]
    assert [request.trial_number for request in again.asked] == [1, 2]


def test_a_lane_waits_for_anothers_lease_and_takes_it_over_when_it_expires(some_ledger: Ledger, clock: Clock) -> None:
    opened(some_ledger, spec(2))
    held = some_ledger.claim(RUN, B, LEASE)
    assert held is not None
    params = some_ledger.assign(RUN, held.number, PARAMS)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds)

    rig = Rig()
    report = lane(some_ledger, A, sleep).work(rig)

    assert report.trials == 2
    assert [request.trial_number for request in rig.asked] == [1, 0]
    assert rig.asked[1].params == params
    assert waits[:3] == [FIRST_POLL_S, 2 * FIRST_POLL_S, 4 * FIRST_POLL_S]
    assert set(waits[4:]) == {IDLE_POLL_S}
    assert sum(waits) == pytest.approx(LEASE.total_seconds(), abs=2 * IDLE_POLL_S)


def test_a_lane_that_waits_leaves_when_the_other_one_finishes(some_ledger: Ledger) -> None:
    opened(some_ledger, spec(1))
    assert claimed(some_ledger, B).number == 0

    def sleep(_seconds: float) -> None:
        recorded(some_ledger, result(0))

    assert lane(some_ledger, A, sleep).work(Rig()).trials == 0


def test_a_lane_that_waits_takes_what_another_one_gives_back(some_ledger: Ledger) -> None:
    opened(some_ledger, spec(1))
    assert claimed(some_ledger, B).number == 0

    def sleep(_seconds: float) -> None:
        fail(some_ledger, 0, B)

    assert lane(some_ledger, A, sleep).work(Rig()).trials == 1


def test_a_lane_leases_for_the_trial_timeout_and_the_grace(some_ledger: Ledger, clock: Clock) -> None:
    opened(some_ledger, spec(1))
    taken: list[bool] = []

    def answer(_request: Request) -> float:
        clock.advance(60 + 30)
        taken.append(some_ledger.claim(RUN, B, LEASE) is not None)
        return 0.25

    lane(some_ledger).work(Rig(answer))

    assert taken == [False]


def test_a_slow_lane_runs_the_parameters_that_its_successor_was_given(some_ledger: Ledger, clock: Clock) -> None:
    class Overtaken(Ledger):
        """Between the claim and the parameters, the lease expires and another lane is given the ticket."""

        def assign(self, run_id: str, number: int, params: dict[str, object]) -> dict[str, object]:
            clock.advance(1000)
            assert some_ledger.claim(RUN, B, LEASE) is not None
            some_ledger.assign(RUN, number, PARAMS)
            return super().assign(run_id, number, params)

    opened(some_ledger, spec(1, SearchEngine.TPE))
    slow = Overtaken(str(some_ledger.engine.url), clock)
    rig = Rig()

    Lane(A, slow, slow.run(RUN), GRACE).work(rig)

    assert rig.asked[0].params == PARAMS
    recorded(some_ledger, result(0, PARAMS, 0.0))
    assert some_ledger.tickets(RUN)[0].params == PARAMS


@pytest.mark.slow
def test_learning_is_real_through_a_lane(some_ledger: Ledger) -> None:
    asked = {}
    for good in (7, 17):
        run_spec = spec(50, SearchEngine.TPE)
        open_run(some_ledger, run_spec, f"towards {good}")
        rig = Rig(lambda request, good=good: 0.5 * (request.params["residue_mod_1"] == good))  # type: ignore[misc]
        Lane(A, some_ledger, some_ledger.run(f"towards {good}"), GRACE).work(rig)
        asked[good] = [int(request.params["residue_mod_1"]) for request in rig.asked]

    assert asked[7][:10] == asked[17][:10], "nothing is known yet, and the seed is the same"
    by_chance = 20 / 16
    for good, other in ((7, 17), (17, 7)):
        assert asked[good][30:].count(good) > 3 * by_chance > asked[good][30:].count(other)


def test_a_lane_tells_each_trial_and_each_failed_attempt(some_ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    failures = iter([TrialFailed("out of memory")])

    def answer(request: Request) -> float:
        for failure in failures:
            raise failure
        return request.trial_number / 100

    caplog.set_level(logging.INFO, "scorer_core.search.lane")
    lane(opened(some_ledger, spec(n_trials=2))).work(Rig(answer))

    told = caplog.messages
    assert told[0] == "trial 0: attempt 1 failed: out of memory"
    assert sum(line.startswith("trial ") and "objective" in line and line.endswith(" s") for line in told) == 2
