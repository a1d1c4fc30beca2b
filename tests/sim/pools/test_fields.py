"""The carried-along fields: whose they are, and their formulas."""

from __future__ import annotations

import numpy as np
import pytest

from sim.pools.fields import Columns, Finds, Tallies, TrialSettings, pool_columns


@pytest.fixture
def columns() -> Columns:
    """Two finds: seed 5 by the constant pass of the second trial, seed 9 by the variable pass of the first."""
    finds = Finds(
        seeds=np.array([5, 9], dtype=np.uint64),
        skip_mode=np.array([0, 1], dtype=np.uint8),
        trial=np.array([1, 0]),
        forward=np.array([2, 1]),
        reverse=np.array([4, 1]),
    )
    trials = [TrialSettings(7, 3, 20, 0, 50), TrialSettings(8, 5, 60, 10, 90)]
    tallies = Tallies(
        forward=np.array([[90, 8], [60, 91]]),
        reverse=np.array([[92, 4], [40, 93]]),
        both=np.array([[88, 2], [20, 89]]),
    )
    return pool_columns(finds, trials, tallies)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("seeds", [5, 9]),
        ("skip_mode", [0, 1]),
        ("trial_number", [8, 7]),
        ("window_size", [5, 3]),
        ("offset", [60, 20]),
        ("skip_min", [10, 0]),
        ("skip_max", [90, 50]),
        ("skip_range", [80, 50]),
        ("forward_count", [60, 8]),
        ("reverse_count", [40, 4]),
        ("bidirectional_count", [20, 2]),
        ("intersection_count", [20, 2]),
        ("forward_only_count", [40, 6]),
        ("reverse_only_count", [20, 2]),
        ("prng_type", ["java_lcg", "java_lcg"]),
    ],
)
def test_each_survivor_carries_the_facts_of_the_pass_that_found_it(
    columns: Columns, name: str, expected: list[object]
) -> None:
    assert columns[name].tolist() == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("forward_matches", [2 / 5, 1 / 3]),
        ("reverse_matches", [4 / 5, 1 / 3]),
        ("score", [3 / 5, 1 / 3]),
        ("intersection_ratio", [20 / 80, 2 / 10]),
        ("intersection_weight", [20 / 100, 2 / 12]),
        ("bidirectional_selectivity", [60 / 40, 8 / 4]),
        ("survivor_overlap_ratio", [20 / 60, 2 / 8]),
    ],
)
def test_rates_and_ratios_follow_their_formulas(columns: Columns, name: str, expected: list[object]) -> None:
    assert columns[name].tolist() == pytest.approx(expected, rel=1e-6)
