"""The intervals against independent computations."""

from __future__ import annotations

from math import comb

import pytest

from bench.calibration.intervals import quantiles, share


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
