"""Policies are compared on equal terms, with intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from scorer_core.conf import RunConf
from scorer_core.evidence.policies.compare import compare_policies, mean_interval
from scorer_core.evidence.policies.repeat import estimated_seconds, run_repeat
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from tests.support.runs import sample_pool

pytestmark = pytest.mark.slow

CONF = RunConf.checked({"n_trials": 15, "sample_size": 800, "search": "random"})
SEED = 4


@pytest.fixture(scope="module")
def planted() -> Pool:
    return sample_pool(size=6000)


def test_a_repeat_is_the_same_for_the_same_seed_and_another_for_the_next(planted: Pool) -> None:
    first, again, other = (run_repeat(planted, CONF, number, SEED) for number in (0, 0, 1))

    assert first == again
    assert first != other
    assert set(first) == set(MaskPolicy)


def test_it_tells_all_that_a_ruling_needs(planted: Pool) -> None:
    seen: list[None] = []

    result = compare_policies(planted, CONF, 3, SEED, lambda: seen.append(None))

    assert len(seen) == 3
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    for side in result["policies"].values():
        assert set(side) == {"lift", "blind", "rejected", "median_keep", "by_reason"}
        assert sum(side["by_reason"].values()) == pytest.approx(1.0)
        assert side["rejected"]["value"] == pytest.approx(1.0 - side["by_reason"]["ok"])
        for name in ("blind", "rejected"):
            assert side[name]["low"] <= side[name]["value"] <= side[name]["high"]
    lifts = [result["policies"][name]["lift"]["value"] for name in ("keep_fraction", "max_offset")]
    assert result["keep_fraction_less_max_offset"]["lift"]["value"] == pytest.approx(lifts[0] - lifts[1])


def test_sweeps_compare_optimum_with_optimum(planted: Pool) -> None:
    """Given a part of the space, so that it is quick: no config of either policy is better than what is compared."""
    pins = {"residue_mod_1": 16, "residue_mod_3": 1000}
    sweeps = RunConf.checked({"fixed_params": pins})
    samples = RunConf.checked({"search": "random", "n_trials": 200, "fixed_params": pins})
    swept, sampled = (run_repeat(planted, conf, 0, SEED) for conf in (sweeps, samples))

    assert compare_policies(planted, sweeps, 1, SEED)["spec"]["search"] == "sweep"
    assert all(swept[policy].objective >= sampled[policy].objective for policy in MaskPolicy)
    assert swept[MaskPolicy.MAX_OFFSET].objective > swept[MaskPolicy.KEEP_FRACTION].objective


def test_the_time_that_sweeps_take_is_known_before_and_that_of_others_is_not(planted: Pool) -> None:
    pins = {"residue_mod_1": 16, "residue_mod_2": 50}
    seconds = estimated_seconds(planted, RunConf.checked({"fixed_params": pins}), 1)

    assert seconds is not None
    assert estimated_seconds(planted, CONF, 1) is None
    assert 0 < seconds < 60


def test_one_repeat_has_no_intervals_and_tells_nothing_apart(planted: Pool) -> None:
    result = compare_policies(planted, CONF, 1, SEED)

    assert result["policies"]["max_offset"]["lift"]["low"] is None
    assert "Too few repeats" in result["finding"]


def test_a_mean_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    intervals = [mean_interval(rng.normal(3.0, 1.0, 25).tolist()) for _ in range(150)]

    covered = [one.low <= 3.0 <= one.high for one in intervals if one.low is not None and one.high is not None]

    assert len(covered) == 150
    assert 0.86 <= np.mean(covered) <= 0.99
