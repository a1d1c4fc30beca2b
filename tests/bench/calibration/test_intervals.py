"""The intervals and uniformity tests against independent computations."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from bench.calibration.intervals import quantiles, randomised_p_value, share, uniformity
from scorer_core.scoring.counts import Counts


def test_both_ends_of_an_interval_leave_two_and_a_half_percent_in_their_tail() -> None:
    interval = share(3, 20)

    def at_most(hits: int, rate: float) -> float:
        return sum(comb(20, k) * rate**k * (1 - rate) ** (20 - k) for k in range(hits + 1))

    assert at_most(3, interval["high"]) == pytest.approx(0.025, abs=1e-9)
    assert 1 - at_most(2, interval["low"]) == pytest.approx(0.025, abs=1e-9)


def test_no_hit_and_no_run_have_defined_intervals() -> None:
    assert share(0, 10)["low"] == 0.0
    assert share(0, 10)["high"] == pytest.approx(1 - 0.025 ** (1 / 10))
    assert share(0, 0)["rate"] is None
    assert quantiles([])["median"] is None


def test_a_randomised_p_value_covers_the_whole_unit_interval_without_gaps() -> None:
    tables = [Counts(12, 5, 4, seen) for seen in range(4, -1, -1)]
    ends = [(randomised_p_value(table, 0.0), randomised_p_value(table, 1.0)) for table in tables]
    assert ends[0][0] == pytest.approx(0)
    assert [low for low, _ in ends[1:]] == pytest.approx([high for _, high in ends[:-1]])
    assert ends[-1][1] == pytest.approx(1)


def test_p_values_that_are_too_small_are_told_from_those_that_are_conservative() -> None:
    uniform = np.random.default_rng(1).random(400)
    assert uniformity(list(uniform))["two_sided"]["p"] > 0.01
    assert uniformity(list(uniform**2))["too_small"]["p"] < 1e-6
    assert uniformity(list(np.sqrt(uniform)))["too_small"]["p"] > 0.5
