"""Fisher's noncentral hypergeometric distribution, against integers, SciPy and its own definition."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nchypergeom_fisher

from scorer_core.gate.noncentral import KeptMinority

MARGINS = [(20, 6, 7), (9, 8, 5), (50, 20, 45), (13, 1, 12), (13_400, 1_085, 1_340)]


def exact_weights(rows: int, minority: int, kept: int, odds: Fraction) -> dict[int, Fraction]:
    support = range(max(0, kept - (rows - minority)), min(kept, minority) + 1)
    return {x: math.comb(minority, x) * math.comb(rows - minority, kept - x) * odds**x for x in support}


@given(st.integers(1, 40), st.data())
def test_tails_and_means_are_those_of_the_definition_in_fractions(rows: int, data: st.DataObject) -> None:
    minority, kept = data.draw(st.integers(0, rows)), data.draw(st.integers(0, rows))
    odds = data.draw(st.fractions(Fraction(1, 9), 9, max_denominator=9))
    weights = exact_weights(rows, minority, kept, odds)
    total = sum(weights.values())
    distribution = KeptMinority.given(rows, minority, kept)
    assert (distribution.lowest, distribution.highest) == (min(weights), max(weights))
    mean = sum(x * weight for x, weight in weights.items()) / total
    assert distribution.mean(math.log(odds)) == pytest.approx(float(mean), rel=1e-12)
    for x in weights:
        tail = sum(weight for y, weight in weights.items() if y >= x) / total
        assert math.exp(distribution.log_tail(x, math.log(odds))) == pytest.approx(float(tail), rel=1e-12)


@pytest.mark.parametrize("margins", MARGINS)
@pytest.mark.parametrize("odds", [0.3, 1.0, 1.7])
def test_it_agrees_with_scipy(margins: tuple[int, int, int], odds: float) -> None:
    rows, minority, kept = margins
    distribution = KeptMinority.given(rows, minority, kept)
    mean = distribution.mean(math.log(odds))
    assert mean == pytest.approx(nchypergeom_fisher.mean(rows, minority, kept, odds), rel=1e-9)
    x = max(distribution.lowest, min(distribution.highest, round(mean)))
    expected = nchypergeom_fisher.sf(x - 1, rows, minority, kept, odds)
    assert math.exp(distribution.log_tail(x, math.log(odds))) == pytest.approx(expected, rel=1e-8)


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
    # then the distribution in floats gives the same tail.
    distribution = KeptMinority.given(rows, minority, kept)
    assert math.exp(distribution.log_tail(x, 0.0)) == pytest.approx(float(tail), rel=1e-13)


@pytest.mark.parametrize("margins", MARGINS)
@pytest.mark.parametrize("alpha", [0.3, 0.05, 1e-6])
def test_the_critical_count_is_the_smallest_that_is_rare_enough(margins: tuple[int, int, int], alpha: float) -> None:
    distribution = KeptMinority.given(*margins)
    critical = distribution.critical(alpha)
    last = distribution.highest if critical is None else critical - 1
    assert distribution.log_tail(last, 0.0) > math.log(alpha)
    if critical is not None:
        assert distribution.log_tail(critical, 0.0) <= math.log(alpha)


def test_both_kinds_of_critical_count_occur() -> None:
    assert KeptMinority.given(20, 6, 7).critical(0.05) == 5
    assert KeptMinority.given(13, 1, 12).critical(0.05) is None


@pytest.mark.parametrize("margins", MARGINS)
def test_roots_are_found_on_both_sides_of_chance_and_far_out(margins: tuple[int, int, int]) -> None:
    distribution = KeptMinority.given(*margins)
    for x in {distribution.lowest + 1, distribution.highest}:
        for alpha in (0.001, 0.05, 0.999):
            log_odds = distribution.log_odds_where_tail_is(alpha, x)
            assert distribution.log_tail(x, log_odds) == pytest.approx(math.log(alpha), abs=1e-9)
    width = distribution.highest - distribution.lowest
    for mean in (distribution.lowest + 0.001 * width, distribution.highest - 0.001 * width):
        assert distribution.mean(distribution.log_odds_where_mean_is(mean)) == pytest.approx(mean, rel=1e-9)
