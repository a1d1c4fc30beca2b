"""What decisions spend of a chance of error never exceeds it, however many there are."""

from __future__ import annotations

import math

import pytest

from scorer_core.spending import share_of


def test_all_together_never_spend_more_and_come_as_near_as_one_likes() -> None:
    spent = math.fsum(share_of(0.01, j) for j in range(1, 100_001))

    assert spent < 0.01
    assert spent == pytest.approx(0.01, rel=1e-5)
    assert share_of(0.01, 1) == pytest.approx(0.06 / math.pi**2)
    assert share_of(0.01, 60) == pytest.approx(share_of(0.01, 1) / 3_600)


@pytest.mark.parametrize("number", [0, -1])
def test_it_is_counted_from_one(number: int) -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        share_of(0.01, number)
