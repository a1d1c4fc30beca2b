"""A sweep's answer is that of trying every config with mask and objective themselves, to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer_core.pool.folds import FOLDS
from scorer_core.pool.survivors import Pool, pool_from_columns
from scorer_core.scoring.policies import MaskPolicy, rules_of
from scorer_core.scoring.sweep import rows, shard, voters
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.scoring.sweep.outcome import merge
from sim.pools import PoolKind, make_pool
from tests.scorer_core.scoring.sweep.exhaustive import REDUCED, reduced, swept, tried


def assert_same(pool: Pool, policy: MaskPolicy) -> None:
    best = tried(pool, REDUCED[policy])

    outcome = swept(pool, REDUCED[policy])

    assert {reason: count for reason, count in outcome.counts.items() if count} == best.reasons
    assert outcome.configs == REDUCED[policy].size == sum(outcome.counts.values())
    if best.top:
        assert list(outcome.top) == best.top
    else:
        assert [(one.values, one.objective) for one in outcome.top] == [(REDUCED[policy].values_at(0), -1.0)]
    assert [list(front) for front in outcome.fronts] == [best.front(scope) for scope in range(1 + FOLDS)]
    assert outcome.widest == best.widest


@pytest.fixture(scope="module", params=list(PoolKind))
def pool(request: pytest.FixtureRequest) -> Pool:
    size = 20_000 if request.param is PoolKind.SIEVE else 3_000
    return pool_from_columns(make_pool(request.param, size, seed=3), where=request.param.value)


@pytest.mark.slow
@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_all_that_is_told_is_what_an_exhaustive_search_finds(pool: Pool, policy: MaskPolicy) -> None:
    assert_same(pool, policy)


@pytest.mark.slow
@pytest.mark.parametrize("trials", [1, 700, 3000])
def test_it_is_so_with_any_number_of_trials(pool: Pool, trials: int) -> None:
    numbers = np.random.default_rng(1).integers(0, trials, len(pool))

    assert_same(replace(pool, trial_number=numbers), MaskPolicy.MAX_OFFSET)


@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_it_does_not_depend_on_how_rows_are_cut_or_whether_their_levels_are_held(
    pool: Pool, policy: MaskPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = swept(pool, REDUCED[policy])

    monkeypatch.setattr(voters, "WAVE_ROWS", 17)
    monkeypatch.setattr(voters, "BLOCK_ROWS", 701)
    monkeypatch.setattr(rows, "BLOCK_ROWS", 701)
    monkeypatch.setattr(shard, "rules_of", lambda of: replace(rules_of(of), span=3))

    assert swept(pool, REDUCED[policy], held_bytes=0) == whole


@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_it_does_not_depend_on_shards_or_their_order(pool: Pool, policy: MaskPolicy) -> None:
    grid = REDUCED[policy]
    shards = [swept(pool, grid.with_mods_3(mod, mod)) for mod in grid.moduli(3)]

    assert merge(shards) == merge(reversed(shards)) == swept(pool, grid)


def test_a_part_of_the_moduli_is_counted_as_in_all_of_them(pool: Pool) -> None:
    grid = full_grid(MaskPolicy.MAX_OFFSET).with_mods_3(900, 901)
    best = swept(pool, grid).best
    one, two = int(best.values[0]), int(best.values[1])
    around = tuple({8, one, 17}), tuple({60, two, 140}), (900, 901)

    part = swept(pool, reduced(MaskPolicy.MAX_OFFSET, *around, reaches=grid.reaches))

    assert part.best == best


@st.composite
def tiny_pools(draw: st.DrawFn) -> Pool:
    """Pools where ties, blind dimensions, rejections and incomplete coverage are common."""
    size = draw(st.integers(12, 60))
    top = draw(st.sampled_from([100, 5000, 2**64 - 1]))
    seeds = draw(st.lists(st.integers(0, top), min_size=size, max_size=size, unique=True))
    minority = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    minority[:2] = (True, False)
    numbers = draw(st.lists(st.integers(0, draw(st.sampled_from([0, 3, 1000]))), min_size=size, max_size=size))
    return Pool(np.array(seeds, dtype=np.uint64), minority, np.array(numbers, dtype=np.int64))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(pool=tiny_pools(), policy=st.sampled_from(MaskPolicy))
def test_ties_and_incomplete_coverage_are_decided_as_by_the_objective(pool: Pool, policy: MaskPolicy) -> None:
    assert_same(pool, policy)
