"""Lift, p-value, lower bound, power and alpha spending, each against an independent computation."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import fisher_exact, nchypergeom_fisher
from scipy.stats.contingency import odds_ratio

from scorer_core.gate.noncentral import KeptMinority
from scorer_core.gate.statistics import lift, lift_lower_bound, power, tail_p_value
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts


def tables_up_to(rows: int) -> list[Counts]:
    return [
        Counts(n, minority, kept, both)
        for n in range(rows + 1)
        for minority in range(n + 1)
        for kept in range(n + 1)
        for both in range(max(0, kept + minority - n), min(kept, minority) + 1)
    ]


@st.composite
def tables(draw: st.DrawFn, rows: int = 400) -> Counts:
    n = draw(st.integers(1, rows))
    minority, kept = draw(st.integers(0, n)), draw(st.integers(0, n))
    both = draw(st.integers(max(0, kept + minority - n), min(kept, minority)))
    return Counts(n, minority, kept, both)


def two_by_two(counts: Counts) -> NDArray[np.int64]:
    kept_rest = counts.kept - counts.minority_kept
    dropped = counts.minority - counts.minority_kept
    return np.array([[counts.minority_kept, kept_rest], [dropped, counts.rows - counts.minority - kept_rest]])


def test_counts_are_read_from_a_mask() -> None:
    minority = np.array([True, True, False, False, False])
    pool = Pool(np.arange(5, dtype=np.uint64), minority, np.zeros(5, dtype=np.int64))
    kept = np.array([True, False, True, True, False])
    assert Counts.from_mask(pool, kept) == Counts(rows=5, minority=2, kept=3, minority_kept=1)


@pytest.mark.parametrize("impossible", [(5, 6, 1, 1), (5, 2, 6, 2), (5, 2, 3, 3), (5, 4, 4, 2), (5, 2, 2, -1)])
def test_impossible_counts_are_refused(impossible: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="not a table of counts"):
        Counts(*impossible)


def test_lift_is_the_ratio_of_the_two_shares() -> None:
    assert lift(Counts(rows=1000, minority=100, kept=50, minority_kept=15)) == pytest.approx(0.30 / 0.10)


def test_the_p_value_is_the_share_of_all_ways_to_keep_rows() -> None:
    for counts in tables_up_to(9):
        ways = [
            math.comb(counts.minority, x) * math.comb(counts.rows - counts.minority, counts.kept - x)
            for x in range(counts.minority_kept, min(counts.kept, counts.minority) + 1)
        ]
        exact = Fraction(sum(ways), math.comb(counts.rows, counts.kept))
        assert tail_p_value(counts) == pytest.approx(float(exact), rel=1e-12), counts


@given(tables())
def test_the_p_value_is_that_of_fishers_exact_test(counts: Counts) -> None:
    assume(0 < counts.minority < counts.rows and 0 < counts.kept < counts.rows)
    expected = fisher_exact(two_by_two(counts), alternative="greater").pvalue
    assert tail_p_value(counts) == pytest.approx(float(expected), rel=1e-9, abs=1e-300)


@given(tables())
def test_the_bound_is_above_one_exactly_when_the_p_value_is_below_five_percent(counts: Counts) -> None:
    p_value, bound = tail_p_value(counts), lift_lower_bound(counts)
    if math.isclose(p_value, 0.05, rel_tol=1e-9):
        assert bound == 1.0
    else:
        assert (bound > 1.0) == (p_value < 0.05)


@pytest.mark.parametrize("table", [(6, 3, 3, 3), (20, 1, 1, 1), (60, 3, 1, 1)])
def test_a_p_value_of_exactly_five_percent_bounds_the_lift_at_exactly_one(table: tuple[int, int, int, int]) -> None:
    counts = Counts(*table)
    assert tail_p_value(counts) == pytest.approx(1 / 20)
    assert lift_lower_bound(counts) == 1.0


@pytest.mark.slow
@given(tables(rows=60))
def test_the_bound_comes_from_scipys_conditional_odds_ratio(counts: Counts) -> None:
    possible = KeptMinority.given(counts.rows, counts.minority, counts.kept)
    assume(possible.lowest < counts.minority_kept)
    interval = odds_ratio(two_by_two(counts)).confidence_interval(0.95, alternative="greater")
    mean = nchypergeom_fisher.mean(counts.rows, counts.minority, counts.kept, interval.low)
    assert lift_lower_bound(counts) == pytest.approx(float(mean) / counts.expected, rel=1e-6)


@given(tables(), st.floats(0.6, 0.99))
def test_the_bound_grows_with_the_evidence_and_shrinks_with_the_confidence(counts: Counts, confidence: float) -> None:
    bound = lift_lower_bound(counts, confidence)
    assert 0.0 <= bound <= lift(counts) * (1 + 1e-12)
    assert lift_lower_bound(counts, confidence + 0.005) <= bound
    if counts.minority_kept < min(counts.kept, counts.minority):
        more = Counts(counts.rows, counts.minority, counts.kept, counts.minority_kept + 1)
        assert lift_lower_bound(more, confidence) > bound


@pytest.mark.parametrize("true_lift", [0.7, 1.0, 1.3, 2.5])
def test_the_bound_lies_below_the_true_lift_in_95_of_100_draws(true_lift: float) -> None:
    # Given draws by SciPy's own sampler at the odds ratio whose mean is the true lift,
    rows, minority, kept, draws = 2_000, 160, 200, 4_000
    expected = kept * minority / rows
    odds = math.exp(KeptMinority.given(rows, minority, kept).log_odds_where_mean_is(true_lift * expected))
    sampler = nchypergeom_fisher(rows, minority, kept, odds)
    seen, times = np.unique(sampler.rvs(size=draws, random_state=7), return_counts=True)
    # when each is bounded,
    bounds = [lift_lower_bound(Counts(rows, minority, kept, int(x))) for x in seen]
    missed = sum(int(n) for bound, n in zip(bounds, times, strict=True) if bound > true_lift) / draws
    # then at most 5 % of the bounds are too high (and not none: the bound is not idle).
    assert 0.02 < missed <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)


@pytest.mark.parametrize(("min_lift", "alpha"), [(1.1, 0.05), (1.3, 0.006), (1.6, 0.006), (1.0, 0.05)])
def test_power_is_the_share_of_draws_that_the_test_rejects(min_lift: float, alpha: float) -> None:
    rows, minority, kept, draws = 2_000, 400, 300, 4_000
    margins = Counts(rows, minority, kept, 60)
    claimed = power(margins, min_lift, alpha)
    odds = math.exp(KeptMinority.given(rows, minority, kept).log_odds_where_mean_is(min_lift * margins.expected))
    drawn, times = np.unique(
        nchypergeom_fisher(rows, minority, kept, odds).rvs(size=draws, random_state=11), return_counts=True
    )
    rejects = [tail_p_value(Counts(rows, minority, kept, int(x))) <= alpha for x in drawn]
    seen = float(np.dot(rejects, times)) / draws
    assert claimed == pytest.approx(seen, abs=4 * math.sqrt(0.25 / draws))
    assert 0.0 < claimed < 1.0


@given(tables(), st.floats(1.0, 3.0), st.floats(1.0, 1.5), st.floats(0.001, 0.2))
def test_power_grows_with_the_lift_and_with_alpha(counts: Counts, min_lift: float, factor: float, alpha: float) -> None:
    weaker = power(counts, min_lift, alpha)
    assert 0.0 <= weaker <= 1.0
    assert power(counts, min_lift, 2 * alpha) >= weaker
    higher = min_lift * factor
    if higher * counts.expected <= min(counts.kept, counts.minority):
        assert power(counts, higher, alpha) >= weaker - 1e-9


def test_power_is_the_size_of_the_test_where_there_is_no_lift_to_find() -> None:
    margins = Counts(rows=2_000, minority=400, kept=300, minority_kept=60)
    assert power(margins, 1.0, 0.05) <= 0.05


def test_no_power_without_a_possible_lift_or_a_possible_rejection() -> None:
    assert power(Counts(rows=100, minority=95, kept=20, minority_kept=19), 1.10, 0.01) == 0.0  # lift 1.05 at most
    assert power(Counts(rows=13, minority=1, kept=6, minority_kept=0), 1.5, 0.01) == 0.0  # p is 6/13 at best
    assert power(Counts(rows=1000, minority=50, kept=0, minority_kept=0), 1.10, 0.01) == 0.0
    assert power(Counts(rows=100, minority=10, kept=10, minority_kept=0), 10.0, 0.01) == 1.0  # all or nothing


def test_every_small_table_has_defined_values() -> None:
    for counts in tables_up_to(6):
        values = [lift(counts), tail_p_value(counts), lift_lower_bound(counts), power(counts, 1.1, 0.05)]
        assert all(math.isfinite(value) and value >= 0 for value in values), counts
        assert tail_p_value(counts) <= 1
        assert power(counts, 1.1, 0.05) <= 1


def test_masks_that_say_nothing_have_modest_values() -> None:
    kept_none = Counts(rows=100, minority=10, kept=0, minority_kept=0)
    kept_all = Counts(rows=100, minority=10, kept=100, minority_kept=10)
    missed_all = Counts(rows=100, minority=10, kept=20, minority_kept=0)
    caught_all = Counts(rows=100, minority=10, kept=20, minority_kept=10)
    assert (lift(kept_none), tail_p_value(kept_none), lift_lower_bound(kept_none)) == (0.0, 1.0, 0.0)
    assert (lift(kept_all), tail_p_value(kept_all), lift_lower_bound(kept_all)) == (1.0, 1.0, 1.0)
    assert (lift(missed_all), tail_p_value(missed_all), lift_lower_bound(missed_all)) == (0.0, 1.0, 0.0)
    assert lift(caught_all) == 5.0
    assert 3.0 < lift_lower_bound(caught_all) < 5.0


@pytest.mark.alone
@pytest.mark.parametrize(("rows", "seconds"), [(13_400, 0.05), (1_000_000, 1.0)])
def test_it_is_fast_at_the_size_of_real_holdouts(rows: int, seconds: float) -> None:
    counts = Counts(rows, rows * 81 // 1000, rows // 10, rows * 9 // 1000)

    def run() -> float:
        start = time.perf_counter()
        tail_p_value(counts), lift_lower_bound(counts), power(counts, 1.1, 0.006)
        return time.perf_counter() - start

    assert min(run() for _ in range(3)) < seconds
