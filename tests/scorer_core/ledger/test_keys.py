"""Decisions are numbered for the life of the installation, before anything is seen; asked again, it is the same one."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from sqlalchemy.exc import NoResultFound

from scorer_core.errors import RunError
from scorer_core.ledger.keys import Asked, DecisionKey, next_number, taken
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.verdicts import all_settled, settle, settled
from scorer_core.spending import share_of
from tests.support.tickets import Clock, open_run, spec

FORK = multiprocessing.get_context("fork")
PROCESSES = 6
KEY = DecisionKey("c" * 64, "max_offset", "4.4", "trial")


def ask(ledger: Ledger, run_id: str, key: DecisionKey | None = KEY, alpha: float = 0.01, seed: int = 7) -> int | None:
    """Open a run that asks for a decision, and return the number that it got."""
    open_run(ledger, spec(1, seed=seed), run_id, None if key is None else Asked(key, alpha))
    return ledger.run(run_id).decision


def test_each_thing_that_is_asked_takes_the_next_number_and_keeps_it(ledger: Ledger) -> None:
    others = [
        replace(KEY, pool_content="d" * 64),
        replace(KEY, mask_policy="keep_fraction"),
        replace(KEY, space="5.0"),
        replace(KEY, strata="none"),
    ]

    numbers = [ask(ledger, f"run-{place}", key) for place, key in enumerate([KEY, *others, others[0], KEY])]

    assert numbers == [1, 2, 3, 4, 5, 2, 1]
    assert [one.number for one in taken(ledger.engine)] == [1, 2, 3, 4, 5]
    assert next_number(ledger.engine) == 6


def test_what_a_decision_may_spend_is_frozen_with_it(ledger: Ledger, clock: Clock) -> None:
    ask(ledger, "first")
    clock.advance(60)
    ask(ledger, "second", replace(KEY, strata="none"), alpha=0.05)
    ask(ledger, "first again", alpha=0.05)

    first, second = taken(ledger.engine)

    assert (first.alpha, first.alpha_j, first.run_id) == (0.01, share_of(0.01, 1), "first")
    assert (second.alpha, second.alpha_j, second.taken_at) == (0.05, share_of(0.05, 2), clock.now)
    assert taken(ledger.engine, 2) == [second]


def test_a_run_that_asks_for_nothing_takes_nothing(ledger: Ledger) -> None:
    assert ask(ledger, "too small a pool", None) is None
    assert taken(ledger.engine) == []
    assert next_number(ledger.engine) == 1


def test_the_same_run_again_takes_nothing_more_and_one_that_is_refused_takes_nothing(ledger: Ledger) -> None:
    ask(ledger, "run")
    ask(ledger, "run", replace(KEY, strata="none"))
    with pytest.raises(RunError, match="exists with another spec"):
        ask(ledger, "run", replace(KEY, strata="none"), seed=8)

    assert ledger.run("run").decision == 1
    assert len(taken(ledger.engine)) == 1


def take_at_once(url: str, start: Barrier, answers: Any, place: int) -> None:
    """Ask at the same moment as others do: every second one for a thing of its own."""
    ledger = Ledger(url)
    key = replace(KEY, strata=f"own {place}") if place % 2 else KEY
    start.wait(30)
    try:
        answers.put((place, ask(ledger, f"run-{place}", key)))
    except Exception as error:
        answers.put((place, repr(error)))


def test_runs_that_ask_at_once_get_numbers_without_a_gap_and_without_a_twin(ledger: Ledger, url: str) -> None:
    start, answers = FORK.Barrier(PROCESSES), FORK.Queue()
    askers = [FORK.Process(target=take_at_once, args=(url, start, answers, place)) for place in range(PROCESSES)]
    for asker in askers:
        asker.start()

    got = dict(answers.get(timeout=60) for _ in askers)

    for asker in askers:
        asker.join(30)
    own = [got[place] for place in range(1, PROCESSES, 2)]
    (shared,) = {got[place] for place in range(0, PROCESSES, 2)}
    assert sorted([*own, shared]) == [1, 2, 3, 4]


def test_a_verdict_is_written_once_and_whoever_comes_later_reads_it(ledger: Ledger, clock: Clock) -> None:
    ask(ledger, "run")
    assert settled(ledger.engine, "run") is None

    first = settle(ledger.engine, "run", "REJECT", {"reason": "the first"}, clock)
    second = settle(ledger.engine, "run", "PUBLISH", {"reason": "the second"}, clock)

    assert first == second == settled(ledger.engine, "run")
    assert (first.number, first.verdict, first.decision) == (1, "REJECT", {"reason": "the first"})
    assert all_settled(ledger.engine) == [first]


def test_a_run_that_the_ledger_does_not_know_has_no_verdict(ledger: Ledger) -> None:
    with pytest.raises(NoResultFound):
        settle(ledger.engine, "nobody's", "REJECT", {})


def settle_at_once(url: str, start: Barrier, answers: Any, place: int) -> None:
    """Decide at the same moment as others do."""
    ledger = Ledger(url)
    start.wait(30)
    try:
        found = settle(ledger.engine, "run", f"{place}", {"by": place}).decision
        answers.put((found or {})["by"])
    except Exception as error:
        answers.put(repr(error))


def test_of_gates_that_decide_at_once_one_wins_and_the_others_read_its_verdict(ledger: Ledger, url: str) -> None:
    open_run(ledger, spec(1), "run")
    start, answers = FORK.Barrier(PROCESSES), FORK.Queue()
    gates = [FORK.Process(target=settle_at_once, args=(url, start, answers, place)) for place in range(PROCESSES)]
    for gate in gates:
        gate.start()

    said = {answers.get(timeout=60) for _ in gates}

    for gate in gates:
        gate.join(30)
    (winner,) = said
    assert winner in range(PROCESSES)
