"""The rule by which one config is picked: the best objective of those that are real, else the least likely chance."""

from __future__ import annotations

import math

from scorer_core.gate.contenders import Contender, pick

LEVEL = 0.01


def contender(name: int, objective: float, p: float) -> Contender:
    return Contender((name,), objective, math.log(p))


def test_the_best_objective_of_those_that_are_real_is_picked() -> None:
    best_looking, real, smaller = contender(1, 0.9, 0.02), contender(2, 0.5, 0.01), contender(3, 0.4, 1e-9)

    assert pick([best_looking, real, smaller], LEVEL) == real


def test_where_none_is_real_the_smallest_p_is_picked() -> None:
    assert pick([contender(1, 0.9, 0.5), contender(2, 0.1, 0.02)], LEVEL) == contender(2, 0.1, 0.02)
    assert pick([], LEVEL) is None


def test_ties_do_not_depend_on_the_order() -> None:
    tied = [contender(3, 0.5, 1e-4), contender(1, 0.5, 1e-4), contender(2, 0.5, 1e-3)]

    assert pick(tied, LEVEL) == pick(tied[::-1], LEVEL) == contender(1, 0.5, 1e-4)
