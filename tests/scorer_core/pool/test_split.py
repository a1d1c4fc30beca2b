"""The split into search and holdout: fixed for ever, and by the seed alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.errors import PoolError
from scorer_core.pool.split import SPLIT_NAME, in_search, split_pool
from scorer_core.pool.survivors import Pool
from tests.support.pools import small_pool

any_seeds = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=80, unique=True)

# S: search, h: holdout. Published configs and spent alpha rest on these: a change needs a new SPLIT_NAME.
FROZEN_0_TO_49 = "hSSSSShSSSSSShSSSSShSShhSShSShShhSSShhhhSShhhhhSSS"
FROZEN_LARGE = {49_999: "S", 2**31: "S", 2**32 - 1: "S", 2**63 - 1: "S", 2**63: "S", 2**64 - 1: "h"}


def splitmix64(seed: int) -> int:
    """Return SplitMix64's first output from a state, in Python integers."""
    mask = 2**64 - 1
    z = (seed + 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def sides(seeds: list[int]) -> list[bool]:
    answer: list[bool] = in_search(np.array(seeds, dtype=np.uint64)).tolist()
    return answer


def letters(seeds: list[int]) -> str:
    return "".join("S" if side else "h" for side in sides(seeds))


def test_the_plain_hash_gives_the_published_value() -> None:
    """The first output of SplitMix64 seeded with 0, as its reference implementation prints it."""
    assert splitmix64(0) == 0xE220A8397B1DCDAF


@given(seeds=any_seeds)
def test_a_seed_is_searched_when_its_hash_is_in_the_lower_seventy_percent(seeds: list[int]) -> None:
    assert sides(seeds) == [splitmix64(seed) < int(0.70 * 2**64) for seed in seeds]


def test_the_sides_of_known_seeds_never_change() -> None:
    assert SPLIT_NAME == "splitmix64-70-30-v1"
    assert letters(list(range(50))) == FROZEN_0_TO_49
    assert letters(list(FROZEN_LARGE)) == "".join(FROZEN_LARGE.values())


@given(seeds=any_seeds, data=st.data())
def test_a_side_depends_on_the_seed_alone(seeds: list[int], data: st.DataObject) -> None:
    known = dict(zip(seeds, sides(seeds), strict=True))
    others = data.draw(st.lists(st.sampled_from(seeds), unique=True))

    assert sides(others) == [known[seed] for seed in others]


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64])
def test_a_side_does_not_depend_on_the_integer_type(dtype: type[np.integer[Any]]) -> None:
    seeds = np.arange(5000, dtype=dtype)

    assert (in_search(seeds) == in_search(seeds.astype(np.uint64))).all()


@pytest.mark.parametrize("kind", ["consecutive", "random", "even", "high"])
def test_about_seventy_percent_of_fifty_thousand_seeds_are_searched(kind: str) -> None:
    consecutive = np.arange(50_000, dtype=np.uint64)
    seeds = {
        "consecutive": consecutive,
        "random": np.random.default_rng(1).integers(0, 2**63, size=50_000, dtype=np.uint64),
        "even": consecutive * np.uint64(2),
        "high": consecutive + np.uint64(2**63),
    }[kind]

    assert 0.68 <= in_search(seeds).mean() <= 0.72


@given(seed=st.integers(0, 2**32))
def test_every_row_is_on_exactly_one_side_in_the_order_of_the_pool(seed: int) -> None:
    pool = small_pool(200, seed)

    split = split_pool(pool)

    searched = sides(pool.seeds.tolist())
    assert split.search.seeds.tolist() == [s for s, side in zip(pool.seeds.tolist(), searched, strict=True) if side]
    assert len(split.search) + len(split.holdout) == len(pool)
    assert set(split.search.seeds.tolist()).isdisjoint(split.holdout.seeds.tolist())


@given(seed=st.integers(0, 2**32))
def test_a_row_keeps_its_label_and_trial_number(seed: int) -> None:
    pool = small_pool(200, seed)
    rows = {row[0]: row for row in as_rows(pool)}

    split = split_pool(pool)

    for part in (split.search, split.holdout):
        assert as_rows(part) == [rows[s] for s in part.seeds.tolist()]


def as_rows(pool: Pool) -> list[tuple[int, bool, int]]:
    columns = (pool.seeds.tolist(), pool.minority.tolist(), pool.trial_number.tolist())
    return list(zip(*columns, strict=True))


def test_the_golden_pool_is_split_as_ever(golden_pool: Pool) -> None:
    split = split_pool(golden_pool)

    assert (len(split.search), len(split.holdout)) == (4745, 1994)
    assert (int(split.search.minority.sum()), int(split.holdout.minority.sum())) == (367, 153)


def pool_with_minority(seeds: list[int], minority: set[int]) -> Pool:
    labels = np.array([seed in minority for seed in seeds])
    return Pool(np.array(seeds, dtype=np.uint64), labels, np.zeros(len(seeds), dtype=np.int64))


def test_a_part_with_one_class_only_is_refused() -> None:
    searched = [seed for seed in range(50) if splitmix64(seed) < int(0.70 * 2**64)]
    held_out = [seed for seed in range(50) if seed not in searched]
    every_search_row = r"its search part has {n} rows, {n} of them minority".format(n=len(searched))
    no_holdout_row = rf"its holdout part has {len(held_out)} rows, 0 of them minority"

    with pytest.raises(PoolError, match=every_search_row):
        split_pool(pool_with_minority(list(range(50)), set(searched)))
    with pytest.raises(PoolError, match=no_holdout_row):
        split_pool(pool_with_minority(list(range(50)), {searched[0]}))


def test_a_pool_without_holdout_rows_is_refused_with_the_next_step() -> None:
    searched = [seed for seed in range(50) if splitmix64(seed) < int(0.70 * 2**64)]

    with pytest.raises(PoolError, match="too small to decide anything: its holdout part has 0 rows.* more seeds"):
        split_pool(pool_with_minority(searched, {searched[0]}))
