"""Planted and null pools: the labels are counted, the limits of a lift are named."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from scorer_core.errors import InputError
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import search_space
from sim.pools.planted import (
    PLANTED_PARAMS,
    PLANTED_POLICY,
    Plant,
    null_pool,
    planted_labels,
    planted_pool,
    random_seeds,
)


def in_planted_mask(seeds: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return the default mask by its definition, one seed at a time: two of three residues below 5."""
    votes = [[int(seed) % modulus < 5 for modulus in (6, 54, 500)] for seed in seeds]
    return np.array([sum(three) >= 2 for three in votes])


def test_the_planted_config_lies_in_the_search_space() -> None:
    space = {param.name: param for param in search_space(PLANTED_POLICY)}

    assert PLANTED_PARAMS.keys() == space.keys()
    assert [name for name, value in PLANTED_PARAMS.items() if not space[name].contains(value)] == []


@pytest.mark.parametrize("lift", [1.0, 1.3, 4.0, 5.5])
def test_the_lift_inside_the_mask_is_the_one_that_was_asked_for(lift: float) -> None:
    plant = Plant(PLANTED_PARAMS, PLANTED_POLICY, lift)
    columns = planted_pool(10_000, np.random.default_rng(3), plant)
    kept, labels = in_planted_mask(columns["seeds"]), columns["skip_mode"]
    assert labels.sum() == 810
    assert labels[kept].sum() == round(lift * 0.081 * kept.sum())


def test_another_config_and_policy_can_be_planted() -> None:
    params = {"residue_mod_1": 8, "residue_mod_2": 100, "residue_mod_3": 1000, "keep_fraction": 0.25}
    columns = planted_pool(10_000, np.random.default_rng(3), Plant(params, MaskPolicy.KEEP_FRACTION, 2.0))
    seeds = columns["seeds"].astype(int)
    kept = (1 * (seeds % 8 < 2) + (seeds % 100 < 25) + (seeds % 1000 < 250)) >= 2
    assert columns["skip_mode"][kept].mean() / columns["skip_mode"].mean() == pytest.approx(2.0, rel=0.01)


def test_the_default_pool_is_that_of_the_real_cluster() -> None:
    columns = planted_pool(44_647, np.random.default_rng(0))
    kept, labels = in_planted_mask(columns["seeds"]), columns["skip_mode"]
    assert len(columns["seeds"]) == 44_647
    assert 49_000 < columns["seeds"].max() < 50_000
    assert labels.mean() == pytest.approx(0.081, abs=1e-4)
    assert len(np.unique(columns["trial_number"])) == 17
    assert labels[kept].mean() / labels.mean() == pytest.approx(4.0, rel=0.001)


def test_the_null_pool_has_the_same_labels_in_random_rows() -> None:
    lifts = []
    for seed in range(20):
        columns = null_pool(10_000, np.random.default_rng(seed))
        kept, labels = in_planted_mask(columns["seeds"]), columns["skip_mode"]
        assert labels.sum() == 810
        lifts.append(labels[kept].mean() / labels.mean())
    # Each lift has mean 1 and a standard error of about 0.075.
    assert np.mean(lifts) == pytest.approx(1.0, abs=4 * 0.075 / np.sqrt(20))
    assert max(abs(np.array(lifts) - 1)) < 4 * 0.075


@pytest.mark.slow
@given(kept=st.lists(st.booleans(), min_size=200, max_size=400), part=st.floats(0, 1))
def test_any_lift_up_to_the_limit_gives_exact_counts(kept: list[bool], part: float) -> None:
    mask = np.array(kept)
    mask[0] = True
    minority = round(0.081 * len(mask))
    highest = len(mask) / max(mask.sum(), minority)
    lift = 1 + part * (highest - 1)
    labels = planted_labels(mask, lift, np.random.default_rng(0))
    assert set(labels.tolist()) <= {0, 1}
    assert labels.sum() == minority
    assert abs(labels[mask].sum() - lift * minority / len(mask) * mask.sum()) <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("kept", "limit"),
    [(400, "2.5"), (50, "12.345")],
    ids=["as many kept rows as 1/lift of the pool", "every kept row is minority"],
)
def test_a_lift_above_what_the_mask_can_hold_is_refused_with_the_limit(kept: int, limit: str) -> None:
    mask = np.arange(1000) < kept
    with pytest.raises(InputError, match=rf"keeps {kept} of 1000 seeds, 81 are .* from 1 to {re.escape(limit)}\.$"):
        planted_labels(mask, 12.5, np.random.default_rng(0))


@pytest.mark.parametrize("lift", [0.99, -2.0, float("nan"), float("inf")])
def test_a_lift_that_is_none_is_refused(lift: float) -> None:
    with pytest.raises(InputError, match="must be from 1 to 5"):
        planted_labels(np.arange(1000) < 200, lift, np.random.default_rng(0))


def test_a_mask_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="keeps none of the 300 seeds"):
        planted_labels(np.zeros(300, dtype=bool), 2.0, np.random.default_rng(0))


@given(size=st.integers(1, 3000))
def test_seeds_are_distinct_and_their_range_grows_with_the_size(size: int) -> None:
    seeds = random_seeds(size, np.random.default_rng(1))
    assert len(seeds) == size
    assert (np.diff(seeds.astype(np.int64)) > 0).all()
    assert seeds.max() < -(-size * 50_000 // 44_647)
