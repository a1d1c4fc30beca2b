"""Given what rigs answered: what is not the head's own answer is found, and what is hidden with the stated chance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from scipy.stats import binomtest

from scorer_core.ledger.records import Ticket
from scorer_core.pool.survivors import Pool
from scorer_core.rig.protocol import TrialResult
from scorer_core.rig.worker import Origin, run_request
from scorer_core.run.trials import TicketState
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.scoring.trial import TrialRequest
from scorer_core.search import recheck
from scorer_core.search.in_process import NODE
from scorer_core.search.recheck import check_answers
from scorer_core.search.sampler import Suggester
from scorer_core.spec import RunSpec
from tests.support.runs import sample_pool

SWEEP = {"search": "sweep", "fixed_params": {"residue_mod_1": 9, "residue_mod_2": 100, "max_offset": 9}}
RANDOM = {"search": "random", "n_trials": 30, "sample_size": 500, "seed": 1}
LIAR = "rig-liar"


@pytest.fixture(scope="module")
def pool() -> Pool:
    return sample_pool(size=2_000)


def answered(pool: Pool, conf: dict[str, Any]) -> tuple[RunSpec, list[Ticket]]:
    """Return a run's tickets, each answered honestly, by a rig of its own."""
    spec, scorer = RunSpec.from_conf(conf), PoolScorer.of(pool)
    tickets = []
    for number in range(spec.n_trials):
        request: TrialRequest | ShardRequest
        if spec.search == "sweep":
            params = shard_params(spec.mask_policy, number, spec.pinned, spec.n_trials)
            request = ShardRequest(number, params, spec.mask_policy, spec.sample_size)
        else:
            request = TrialRequest(number, Suggester(spec).suggest(number, ()), spec.sample_size, spec.mask_policy)
        result = run_request(scorer, request, Origin(f"rig-{number}", 0, "a" * 64, "a" * 64))
        tickets.append(Ticket(number, TicketState.DONE, None, 1, dict(request.params), result, None))
    return spec, tickets


def with_lie(ticket: Ticket, **lie: Any) -> Ticket:
    """Return a ticket with another answer in some keys, by a rig that lies."""
    assert ticket.result is not None
    result = replace(ticket.result, node=LIAR, evaluation={**ticket.result.evaluation, **lie})
    return replace(ticket, result=result)


@pytest.mark.parametrize("conf", [RANDOM, SWEEP, {**SWEEP, "sample_size": 450}], ids=["random", "sweep", "on 450 rows"])
def test_honest_answers_are_all_confirmed(pool: Pool, conf: dict[str, Any]) -> None:
    spec, tickets = answered(pool, conf)

    found = check_answers(tickets, pool, spec, {})

    assert found.lies == {}
    assert found.answers >= len(tickets)


@pytest.mark.parametrize("conf", [RANDOM, SWEEP], ids=["random", "sweep"])
def test_an_invented_objective_is_found_wherever_it_is(pool: Pool, conf: dict[str, Any]) -> None:
    spec, tickets = answered(pool, conf)
    told = tickets[7].result
    assert told is not None
    lie: dict[str, Any] = {"objective": 0.95}
    if "top" in told.evaluation:
        best, *rest = told.evaluation["top"]
        lie["top"] = [[*best[:-4], 0.95, *best[-3:]], *rest]
    tickets[7] = with_lie(tickets[7], **lie)

    assert set(check_answers(tickets, pool, spec, {}).lies) == {LIAR}


def test_beyond_what_can_be_rescored_the_best_are(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, tickets = answered(pool, RANDOM)
    monkeypatch.setattr(recheck, "RESCORED_ROWS", 500)
    monkeypatch.setattr(recheck, "BEST_RESCORED", 3)
    tickets[7] = with_lie(tickets[7], objective=0.95)

    found = check_answers(tickets, pool, spec, {})

    assert set(found.lies) == {LIAR}
    assert found.answers == 3 + 1


@pytest.mark.slow
def test_one_hidden_winner_is_found_with_the_stated_chance(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of n shards a random 3 % are swept again, at least one; the sweep itself is left out, for speed."""
    spec, tickets = answered(pool, SWEEP)
    honest = {ticket.number: ticket.result.evaluation for ticket in tickets if ticket.result}
    monkeypatch.setattr(recheck, "true_answer", lambda _scorer, request: honest[request["trial_number"]])
    hidden = next(ticket for ticket in tickets if len(honest[ticket.number]["top"]) > 1)
    top = honest[hidden.number]["top"][1:]
    tickets[hidden.number] = with_lie(hidden, top=top, objective=top[0][-4])
    repeats, stated = 150, 5 / 143

    caught = sum(LIAR in check_answers(tickets, pool, spec, {}).lies for _ in range(repeats))

    assert len(tickets) == 143
    assert binomtest(caught, repeats, stated).pvalue > 1e-4


def second(tickets: list[Ticket], node: str) -> dict[int, TrialResult | None]:
    """Return the honest second answers of one rig to every ticket."""
    return {one.number: replace(one.result, node=node) for one in tickets if one.result is not None}


def hiding(ticket: Ticket) -> Ticket:
    """Return a shard's ticket without its winner, by a rig that lies."""
    assert ticket.result is not None
    top = ticket.result.evaluation["top"][1:]
    return with_lie(ticket, top=top, objective=top[0][-4])


@pytest.mark.parametrize(("by", "agreed"), [("rig-second", 141), (NODE, 0)])
def test_where_a_second_answer_differs_the_head_decides_who_lied(pool: Pool, by: str, agreed: int) -> None:
    spec, tickets = answered(pool, SWEEP)
    seconds = second(tickets, by)
    tickets[40] = hiding(tickets[40])
    if by != NODE:
        lie = hiding(tickets[41]).result
        assert lie is not None
        seconds[41] = replace(lie, node=by)

    found = check_answers(tickets, pool, spec, seconds)

    assert set(found.lies) == {LIAR, by} - {NODE}
    assert found.agreed == agreed


def test_two_rigs_that_lie_alike_are_found_by_the_heads_sample_alone(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, tickets = answered(pool, SWEEP)
    tickets[40] = hiding(tickets[40])
    seconds = second(tickets, "rig-second")
    monkeypatch.setattr(recheck, "drawn", lambda some, _count: [one for one in some if one.trial_number != 40])
    assert check_answers(tickets, pool, spec, seconds).lies == {}

    monkeypatch.setattr(recheck, "drawn", lambda some, _count: [one for one in some if one.trial_number == 40])
    assert set(check_answers(tickets, pool, spec, seconds).lies) == {LIAR}
