"""Challengers of a published config are counted for its reign; what was withdrawn stays so until it is taken back."""

from __future__ import annotations

from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.reigns import Withdrawn, challenger, take_back, withdraw, withdrawn
from tests.support.tickets import Clock

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
