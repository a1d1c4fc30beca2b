"""A rig that is three times slower is named after one run of 100 trials; one that is not is not."""

from __future__ import annotations

import numpy as np
import pytest

from bench.performance.slow_rigs import CLUSTERS, named
from scorer_core.fleet.speed import SLOW, speeds

REPEATS = 100


@pytest.mark.slow
@pytest.mark.parametrize("gpus", CLUSTERS.values(), ids=CLUSTERS)
@pytest.mark.parametrize(("factor", "least", "most"), [(3.0, 0.95, 1.0), (1.0, 0.0, 0.05), (1.2, 0.0, 0.05)])
def test_a_rig_three_times_slower_is_named_and_one_that_is_not_is_not(
    gpus: dict[str, int], factor: float, least: float, most: float
) -> None:
    found = named(factor, gpus, REPEATS)

    assert least <= found.slow / REPEATS <= most
    assert found.others / REPEATS <= 0.05


def test_the_ratio_is_the_median_of_all_ratios_and_lies_in_its_interval() -> None:
    fast, slow = [1.0, 1.1, 0.9, 1.0, 1.05, 0.95], [3.0, 3.3, 2.7, 3.1]

    by_node = {one.node: one for one in speeds({"a": fast, "b": slow})}

    assert by_node["b"].ratio == pytest.approx(np.median([y / x for x in fast for y in slow]), rel=0.02)
    assert SLOW < by_node["b"].low < by_node["b"].ratio < by_node["b"].high
    assert by_node["a"].ratio == pytest.approx(1 / by_node["b"].ratio)
    assert by_node["b"].slow
    assert not by_node["a"].slow


def test_two_trials_against_two_say_nothing_and_a_node_alone_has_nobody_to_be_compared_with() -> None:
    assert [one.slow for one in speeds({"a": [1.0, 1.0], "b": [90.0, 90.0]})] == [False, False]
    assert speeds({"a": [1.0, 2.0], "b": []}) == []
