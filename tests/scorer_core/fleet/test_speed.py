"""A rig that is three times slower is named after one run of 100 trials; one that is not is not."""

from __future__ import annotations

import numpy as np
import pytest

from scorer_core.fleet.speed import SLOW, speeds

REPEATS = 100
CLUSTER = {"head": 2, "rig-b": 8, "rig-c": 8, "slow": 8}


def a_run(rng: np.random.Generator, gpus: dict[str, int], factor: float, trials: int = 100) -> dict[str, list[float]]:
    """Return seconds of a run's trials: lanes that take the next one, noise of a quarter, two in a hundred held up."""
    of_node = {node: float(np.exp(rng.normal(0, 0.05))) * (factor if node == "slow" else 1.0) for node in gpus}
    free = {(node, gpu): float(rng.uniform(0, 0.2)) for node, count in gpus.items() for gpu in range(count)}
    taken: dict[str, list[float]] = {node: [] for node in gpus}
    for _ in range(trials):
        lane = min(free, key=lambda one: free[one])
        seconds = of_node[lane[0]] * float(np.exp(rng.normal(0, 0.25))) * (5.0 if rng.random() < 0.02 else 1.0)
        free[lane] += seconds
        taken[lane[0]].append(seconds)
    return taken


def named(factor: float, gpus: dict[str, int]) -> tuple[float, float]:
    """Return in which share of repeats the slow node is named, and any other one."""
    rng = np.random.default_rng(5)
    runs = [[one.node for one in speeds(a_run(rng, gpus, factor)) if one.slow] for _ in range(REPEATS)]
    return sum("slow" in nodes for nodes in runs) / REPEATS, sum(
        any(n != "slow" for n in nodes) for nodes in runs
    ) / REPEATS


@pytest.mark.slow
@pytest.mark.parametrize("gpus", [CLUSTER, {**CLUSTER, "head": 8, "slow": 2}, {"rig-b": 1, "slow": 1}])
@pytest.mark.parametrize(("factor", "least", "most"), [(3.0, 0.95, 1.0), (1.0, 0.0, 0.05), (1.2, 0.0, 0.05)])
def test_a_rig_three_times_slower_is_named_and_one_that_is_not_is_not(
    gpus: dict[str, int], factor: float, least: float, most: float
) -> None:
    slow, others = named(factor, gpus)

    assert least <= slow <= most
    assert others <= 0.05


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
