"""Challengers of a published config are counted for its reign; what was withdrawn stays so until it is taken back."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier
from typing import Any

from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.reigns import Withdrawn, challenger, take_back, withdraw, withdrawn
from tests.support.tickets import Clock

FORK = multiprocessing.get_context("fork")
PROCESSES = 6
KING, HEIR = "1" * 64, "2" * 64
MASK = {"mask_policy": "max_offset", "residue_mod_1": 7, "residue_mod_2": 100, "residue_mod_3": 900, "max_offset": 3}
SAME = dict(reversed(MASK.items()))
OTHER = MASK | {"max_offset": 4}


def test_each_mask_that_a_decision_finds_is_one_challenger_of_a_reign(ledger: Ledger) -> None:
    engine = ledger.engine

    assert [challenger(engine, KING, 5, MASK), challenger(engine, KING, 5, SAME)] == [1, 1]
    assert [challenger(engine, KING, 6, MASK), challenger(engine, KING, 6, OTHER)] == [2, 3]
    assert challenger(engine, HEIR, 7, OTHER) == 1
    assert challenger(engine, KING, 5, MASK) == 1


def challenge_at_once(url: str, start: Barrier, answers: Any, number: int) -> None:
    """Challenge the published config at the same moment as other decisions do."""
    ledger = Ledger(url)
    start.wait(30)
    try:
        answers.put(challenger(ledger.engine, KING, number, MASK))
    except Exception as error:
        answers.put(repr(error))


def test_challengers_at_once_are_counted_one_after_the_other(ledger: Ledger, url: str) -> None:
    """Given gates that compare at once: none ends in an error of the database, and no two have the same place."""
    start, answers = FORK.Barrier(PROCESSES), FORK.Queue()
    gates = [FORK.Process(target=challenge_at_once, args=(url, start, answers, place)) for place in range(PROCESSES)]
    for gate in gates:
        gate.start()

    counted = [answers.get(timeout=60) for _ in gates]

    for gate in gates:
        gate.join(30)
    assert sorted(counted, key=str) == list(range(1, PROCESSES + 1))


def test_a_withdrawn_config_comes_back_neither_by_its_run_nor_by_its_mask(ledger: Ledger, clock: Clock) -> None:
    engine = ledger.engine
    withdraw(engine, KING, "run", MASK, clock)
    withdraw(engine, KING, "run", MASK)
    kept = Withdrawn(KING, "run", MASK, clock.now)

    assert withdrawn(engine, KING, "another", OTHER) == kept
    assert withdrawn(engine, HEIR, "run", OTHER) == kept
    assert withdrawn(engine, HEIR, "another", SAME) == kept
    assert withdrawn(engine, HEIR, "another", OTHER) is None
    assert withdrawn(engine, HEIR, "another", MASK | {"mask_policy": "keep_fraction"}) is None


def test_what_was_withdrawn_can_be_taken_back(ledger: Ledger) -> None:
    withdraw(ledger.engine, KING, None, MASK)
    take_back(ledger.engine, KING)
    take_back(ledger.engine, HEIR)

    assert withdrawn(ledger.engine, KING, "run", MASK) is None
