"""Regret needs an optimum and a sampled answer on the same rows; it is never negative for a true optimum."""

from __future__ import annotations

import pytest

from scorer_core.engines import SearchEngine
from scorer_core.search.regret import Answer, regret

SWEEP = Answer("sweep-1", SearchEngine.SWEEP, 0.5, is_optimum=True)
TPE = Answer("tpe-1", SearchEngine.TPE, 0.375, is_optimum=False)
RANDOM = Answer("random-1", SearchEngine.RANDOM, 0.25, is_optimum=False)
PARTIAL = Answer("sweep-450", SearchEngine.SWEEP, 0.3, is_optimum=False)


@pytest.mark.parametrize(("own", "others"), [(SWEEP, [RANDOM, TPE]), (TPE, [RANDOM, SWEEP])])
def test_the_optimum_is_compared_with_the_best_sampled_answer(own: Answer, others: list[Answer]) -> None:
    assert regret(own, others) == {
        "optimum": {"run_id": "sweep-1", "objective": 0.5},
        "sampled": {"run_id": "tpe-1", "search": "tpe", "objective": 0.375},
        "regret": 0.125,
    }


@pytest.mark.parametrize(
    ("own", "others"), [(SWEEP, []), (SWEEP, [SWEEP]), (TPE, [RANDOM]), (RANDOM, []), (TPE, [PARTIAL])]
)
def test_without_both_there_is_no_regret(own: Answer, others: list[Answer]) -> None:
    assert regret(own, others) is None
