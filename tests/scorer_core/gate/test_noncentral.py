"""The weights of the hypergeometric distribution, against integers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.gate.noncentral import increasing_root, log_weights


@given(st.integers(1, 40), st.data())
def test_weights_are_those_of_the_definition_but_for_a_factor(rows: int, data: st.DataObject) -> None:
    minority, kept = data.draw(st.integers(0, rows)), data.draw(st.integers(0, rows))
    support = range(max(0, kept - (rows - minority)), min(kept, minority) + 1)
    exact = [math.comb(minority, x) * math.comb(rows - minority, kept - x) for x in support]

    found = np.exp(log_weights(rows, minority, kept))

    assert found.max() == 1.0
    assert found == pytest.approx([weight / max(exact) for weight in exact], rel=1e-12)


def test_a_million_rows_lose_no_digit() -> None:
    # Given the same probabilities in integers of 400 bits, by the ratios of neighbours,
    rows, minority, kept, x = 1_000_000, 81_000, 100_000, 8_262
    weights = {8_100: 1 << 400}
    for y in range(8_100, 10_000):
        up = Fraction((minority - y) * (kept - y), (y + 1) * (rows - minority - kept + y + 1))
        weights[y + 1] = weights[y] * up.numerator // up.denominator
    for y in range(8_100, 6_500, -1):
        down = Fraction(y * (rows - minority - kept + y), (minority - y + 1) * (kept - y + 1))
        weights[y - 1] = weights[y] * down.numerator // down.denominator
    tail = Fraction(sum(weight for y, weight in weights.items() if y >= x), sum(weights.values()))
    # then those in floats give the same tail.
    found = np.exp(log_weights(rows, minority, kept))
    assert found[x:].sum() / found.sum() == pytest.approx(float(tail), rel=1e-13)


@pytest.mark.parametrize("at", [-700.0, -0.3, 0.0, 0.002, 40.0])
def test_a_root_is_found_on_both_sides_of_zero_and_far_out(at: float) -> None:
    assert increasing_root(lambda x: math.expm1((x - at) / 100)) == pytest.approx(at, abs=1e-7)
