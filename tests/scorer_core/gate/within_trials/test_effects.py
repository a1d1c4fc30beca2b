"""The bounds of a lift, against their definition by every way to draw the rows, and against how often they hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import hypergeom, nchypergeom_fisher

from scorer_core.gate.within_trials.effects import guaranteed_lift, largest_lift, log_p_space, log_p_value
from tests.scorer_core.gate.within_trials.tables import Table, margins, random_tables, ways

SPACE = 24_264_240
TABLES: list[Table] = [(40, 12, 15), (30, 20, 9), (12, 12, 4), (25, 1, 5), (18, 0, 6)]
WAYS = ways(TABLES)


def chance_and_lift(log_odds: float, s: int, *, or_more: bool) -> tuple[float, float]:
    """Return the chance of s or more (or fewer) at some odds, and the lift that is the mean there, by all ways."""
    weights = {x: count * math.exp(log_odds * x) for x, count in WAYS.items()}
    total = math.fsum(weights.values())
    tail = math.fsum(weight for x, weight in weights.items() if (x >= s if or_more else x <= s))
    mean = math.fsum(x * weight for x, weight in weights.items())
    return tail / total, mean / total / margins(TABLES).expected


def by_bisection(s: int, chance: float, *, or_more: bool) -> float:
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        found, _ = chance_and_lift(middle, s, or_more=or_more)
        low, high = (middle, high) if (found < chance) == or_more else (low, middle)
    return chance_and_lift(low, s, or_more=or_more)[1]


@pytest.mark.parametrize("space", [1, SPACE])
def test_the_guaranteed_lift_is_where_a_result_so_good_has_its_share_of_the_error(space: int) -> None:
    counts = list(WAYS)
    for s in counts[1:]:
        found = guaranteed_lift(margins(TABLES, s), space)
        assert found == pytest.approx(by_bisection(s, 0.05 / space, or_more=True), rel=1e-6, abs=1e-9)
    assert guaranteed_lift(margins(TABLES, counts[0]), space) == pytest.approx(counts[0] / margins(TABLES).expected)


def test_the_largest_lift_is_where_a_result_so_poor_has_the_chance_of_the_error() -> None:
    counts = list(WAYS)
    for s in counts[:-1]:
        found = largest_lift(margins(TABLES, s))
        assert found == pytest.approx(by_bisection(s, 0.05, or_more=False), rel=1e-6)
    assert largest_lift(margins(TABLES, counts[-1])) == pytest.approx(counts[-1] / margins(TABLES).expected)


def test_in_one_stratum_and_for_one_config_it_is_the_bound_of_cornfield() -> None:
    rows, minority, kept, seen = 4_000, 320, 400, 51
    odds = brentq(lambda odds: nchypergeom_fisher.sf(seen - 1, rows, minority, kept, odds) - 0.05, 1.0, 3.0, xtol=1e-12)
    lift = nchypergeom_fisher.mean(rows, minority, kept, odds) / (kept * minority / rows)

    assert guaranteed_lift(margins([(rows, minority, kept)], seen), space=1) == pytest.approx(lift, rel=1e-9)


@pytest.mark.parametrize("seed", range(2))
def test_the_guaranteed_lift_is_above_one_exactly_when_the_whole_space_is_paid_for(seed: int) -> None:
    tables = random_tables(np.random.default_rng(seed), strata=8, rows=40)
    for s in ways(tables):
        log_p = log_p_space(log_p_value(margins(tables, s)), 1000)
        assert (guaranteed_lift(margins(tables, s), 1000) > 1) == (log_p < math.log(0.05))


def test_a_space_cannot_make_a_chance_larger_than_one() -> None:
    assert log_p_space(math.log(0.5), SPACE) == 0.0
    assert log_p_space(-100.0, SPACE) == pytest.approx(-100.0 + math.log(SPACE))


def test_a_mask_that_keeps_nothing_has_no_lift() -> None:
    assert guaranteed_lift(margins([(5, 2, 0)]), SPACE) == 0.0
    assert largest_lift(margins([(5, 2, 0)])) == math.inf


def test_both_bounds_hold_nineteen_times_in_twenty_where_trials_have_shares_from_a_tenth_to_one() -> None:
    rng = np.random.default_rng(7)
    rows, kept = rng.integers(5, 60, 20), np.full(20, 4)
    minority = np.minimum((rows * np.linspace(0.1, 1.0, 20)).round().astype(int), rows)
    tables = [(int(n), int(k), int(x)) for n, k, x in zip(rows, minority, kept, strict=True)]
    odds = 1.8
    single = [nchypergeom_fisher(n, k, x, odds) for n, k, x in tables]
    true = sum(float(one.mean()) for one in single) / margins(tables).expected
    drawn = np.sum([one.rvs(400, random_state=rng) for one in single], axis=0).tolist()
    bounds = {s: (guaranteed_lift(margins(tables, s), 1), largest_lift(margins(tables, s))) for s in {*drawn}}

    below = np.mean([bounds[s][0] <= true for s in drawn])
    above = np.mean([bounds[s][1] >= true for s in drawn])

    assert below >= 0.93
    assert above >= 0.93
    assert 0.7 < np.mean([bounds[s][0] > 0.95 * true or bounds[s][1] < 1.3 * true for s in drawn])


def test_a_trials_own_share_is_no_signal() -> None:
    """Half the trials are all but minority, and the mask prefers their rows: without strata that is a lift of 1.48."""
    tables = [(200, 180, 100)] * 10 + [(200, 20, 30)] * 10
    kept_of_minority = 10 * 90 + 10 * 3
    pooled = (4_000, 2_000, 1_300)

    assert kept_of_minority / 650 > 1.4
    assert margins(tables, kept_of_minority).lift == pytest.approx(1.0)
    assert math.exp(log_p_value(margins(tables, kept_of_minority))) == pytest.approx(0.5, abs=0.05)
    assert float(hypergeom.sf(kept_of_minority - 1, *(pooled[0], pooled[1], pooled[2]))) < 1e-57
