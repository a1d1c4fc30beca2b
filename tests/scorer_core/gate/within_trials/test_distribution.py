"""The chance to keep so many minority rows, against every way to draw them, exact fractions, and simulation."""

from __future__ import annotations

import itertools
import math
import time
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import hypergeom, nchypergeom_fisher

from scorer_core.gate.within_trials.distribution import KeptWithin, UpperTail
from scorer_core.gate.within_trials.effects import log_p_value
from tests.scorer_core.gate.within_trials.tables import Table, margins, random_tables, ways


def exact_log_tail(counted: dict[int, int], at_least: int) -> float:
    """Return ln P(S ≥ s) by integers alone, given the number of ways to keep so many."""
    more = sum(count for s, count in counted.items() if s >= at_least)
    return log_of(Fraction(more, sum(counted.values())))


def log_of(share: Fraction) -> float:
    """Return the logarithm of a fraction of any size."""
    return math.log(share.numerator) - math.log(share.denominator)


def test_the_tail_is_the_share_of_all_ways_to_draw_the_rows() -> None:
    strata = [(4, 2, 2), (3, 1, 2), (5, 2, 1), (2, 2, 1), (3, 0, 2)]
    labels = [[1] * minority + [0] * (rows - minority) for rows, minority, _ in strata]
    drawn = [list(itertools.combinations(own, kept)) for own, (_, _, kept) in zip(labels, strata, strict=True)]
    sums = [sum(sum(part) for part in draw) for draw in itertools.product(*drawn)]

    for s in range(min(sums), max(sums) + 1):
        share = sum(found >= s for found in sums) / len(sums)
        assert log_p_value(margins(strata, s)) == pytest.approx(math.log(share), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_exact_over_the_whole_range_of_random_strata(seed: int) -> None:
    tables = random_tables(np.random.default_rng(seed), strata=9, rows=30)
    counted = ways(tables)

    for s in counted:
        assert log_p_value(margins(tables, s)) == pytest.approx(exact_log_tail(counted, s), rel=1e-11, abs=1e-11)


def test_it_is_exact_down_to_far_below_what_a_float_holds() -> None:
    tables = [(1_200, 300, 250), (900, 250, 200), (300, 60, 50)]
    distribution, counted = KeptWithin(margins(tables)), ways(tables)

    logs = []
    for share in (0.3, 0.6, 0.9, 0.99, 1.0):
        s = round(distribution.null.mean + share * (distribution.highest - distribution.null.mean))
        logs.append(exact_log_tail(counted, s))
        assert log_p_value(margins(tables, s)) == pytest.approx(logs[-1], rel=1e-11)
    assert logs[-1] < -300 * math.log(10)


def test_one_stratum_is_the_hypergeometric_tail() -> None:
    for s in (357, 380, 430, 520):
        expected = float(hypergeom.logsf(s - 1, 44_647, 3_570, 4_465))
        assert log_p_value(margins([(44_647, 3_570, 4_465)], s)) == pytest.approx(expected, rel=1e-8)


def test_thousands_of_strata_agree_with_a_sum_of_logarithms() -> None:
    tables = random_tables(np.random.default_rng(2), strata=2_000, rows=9)
    distribution = KeptWithin(margins(tables))
    s = round(distribution.null.mean + 12 * math.sqrt(distribution.null.variance))

    started = time.perf_counter()
    found = log_p_value(margins(tables, s))
    assert time.perf_counter() - started < 5

    assert found == pytest.approx(in_logarithms(tables, s), rel=1e-9)
    assert found < -60


def in_logarithms(tables: list[Table], at_least: int) -> float:
    """Return ln P(S ≥ s) by convolving logarithms, without a tilt."""
    logs = np.zeros(1)
    for rows, minority, kept in tables:
        low, high = max(0, kept + minority - rows), min(kept, minority)
        own = hypergeom.logpmf(np.arange(low, high + 1), rows, minority, kept)
        wider = np.full(len(logs) + high - low, -np.inf)
        for step, chance in enumerate(own):
            wider[step : step + len(logs)] = np.logaddexp(wider[step : step + len(logs)], logs + chance)
        logs = wider
    lowest = sum(max(0, kept + minority - rows) for rows, minority, kept in tables)
    return float(np.logaddexp.reduce(logs[at_least - lowest :]))


def test_a_simulation_agrees() -> None:
    rng = np.random.default_rng(3)
    tables = random_tables(rng, strata=25, rows=60)
    rows, minority, kept = (np.array(column) for column in zip(*tables, strict=True))
    drawn = rng.hypergeometric(minority, rows - minority, kept, size=(20_000, len(tables))).sum(axis=1)

    for s in np.quantile(drawn, [0.1, 0.5, 0.9, 0.99]).astype(int):
        assert math.exp(log_p_value(margins(tables, int(s)))) == pytest.approx(float((drawn >= s).mean()), abs=0.015)


@pytest.mark.parametrize("tilt", [-2.0, -0.3, 0.0, 0.4, 1.7])
def test_the_moments_at_a_tilt_are_those_of_fishers_noncentral_distribution(tilt: float) -> None:
    tables = [(40, 12, 15), (25, 6, 9), (25, 6, 9), (9, 9, 4)]
    found = KeptWithin(margins(tables)).moments(tilt)

    single = [nchypergeom_fisher(rows, minority, kept, math.exp(tilt)) for rows, minority, kept in tables[:3]]
    assert found.mean == pytest.approx(4 + sum(float(one.mean()) for one in single), rel=1e-9)
    assert found.variance == pytest.approx(sum(float(one.var()) for one in single), rel=1e-8)
    total = Fraction(sum(ways(tables).values()))
    tilted = sum(count * math.exp(tilt * s) for s, count in ways(tables).items())
    assert found.log_normalisation == pytest.approx(math.log(tilted / float(total)), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("tilt", [-1.0, -0.2, 0.0, 0.3, 1.2, 4.0])
def test_the_tail_at_a_tilt_is_that_of_the_tilted_weights(tilt: float) -> None:
    tables = random_tables(np.random.default_rng(4), strata=6, rows=25)
    weights = {s: count * math.exp(tilt * s) for s, count in ways(tables).items()}

    for at_least in weights:
        share = math.fsum(weight for s, weight in weights.items() if s >= at_least) / math.fsum(weights.values())
        found = UpperTail(KeptWithin(margins(tables)), at_least).log_chance(tilt)
        assert found == pytest.approx(math.log(share), rel=1e-9, abs=1e-12)


def test_strata_that_cannot_vary_say_nothing() -> None:
    for tables, s in (([(5, 5, 2), (4, 0, 3)], 2), ([(5, 2, 5)], 2), ([(5, 2, 0)], 0)):
        assert log_p_value(margins(tables, s)) == 0.0
