"""A sweep's answer is that of trying every config with the objective itself, to the last bit."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer_core.pool.survivors import Pool, pool_from_columns
from scorer_core.scoring.policies import MaskPolicy, rules_of
from scorer_core.scoring.residues import ResidueCache
from scorer_core.scoring.space import MODULI
from scorer_core.scoring.sweep import counter
from scorer_core.scoring.sweep.grid import Axis, Grid, full_grid
from scorer_core.scoring.sweep.kernel import ShardKernel
from scorer_core.scoring.sweep.outcome import TOP, Ranked, ShardOutcome, merge
from scorer_core.scoring.trial import TrialRequest, evaluate
from sim.pools import PoolKind, make_pool

OFFSET, FRACTION = MaskPolicy.MAX_OFFSET, MaskPolicy.KEEP_FRACTION


def reduced(policy: MaskPolicy, *moduli: tuple[int, ...], reaches: Axis) -> Grid:
    """Return a grid with few moduli and reaches; of any other parameter that the objective sees, all values."""
    grid = full_grid(policy).with_axis(policy.value, reaches)
    for name, values in zip(MODULI, moduli, strict=True):
        grid = grid.with_axis(name, values)
    return grid


REDUCED = {
    **{
        policy: reduced(policy, (5, 20), (50, 149), (500, 1009), reaches=full_grid(policy).reaches[::10])
        for policy in MaskPolicy
    },
    OFFSET: reduced(OFFSET, (5, 10, 20), (50, 60, 149), (500, 1000, 1499), reaches=(1, 4, 5, 10, 15)),
    FRACTION: reduced(
        FRACTION, (5, 10, 19), (50, 101), (500, 1009), reaches=(0.1, 0.19, 0.2, 0.33, 0.4, 0.41, 0.5, 0.9)
    ),
}


def swept(pool: Pool, grid: Grid, cache_bytes: int = 2**20) -> ShardOutcome:
    codes = np.unique(pool.trial_number, return_inverse=True)[1].astype(np.int64)
    return ShardKernel(pool, ResidueCache(pool.seeds, cache_bytes), codes).sweep(grid)


def exhaustive(pool: Pool, grid: Grid) -> tuple[list[Ranked], dict[str, int]]:
    """Try every config with the objective; best first, ties by smaller moduli, then by smaller reach."""
    found, reasons = [], Counter[str]()
    for config in itertools.product(*grid.axes):
        params = Ranked(config, 0.0).params(grid.policy)
        score = evaluate(pool, TrialRequest(0, params, None, grid.policy)).score
        reasons[score.reason.value] += 1
        if score.reason.value == "ok":
            found.append(Ranked(config, score.objective))
    return sorted(found, key=lambda one: one.order)[:TOP], reasons


@pytest.fixture(scope="module", params=list(PoolKind))
def pool(request: pytest.FixtureRequest) -> Pool:
    size = 20_000 if request.param is PoolKind.SIEVE else 3_000
    return pool_from_columns(make_pool(request.param, size, seed=3), where=request.param.value)


@pytest.mark.slow
@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_the_best_configs_are_those_of_an_exhaustive_search(pool: Pool, policy: MaskPolicy) -> None:
    best, reasons = exhaustive(pool, REDUCED[policy])

    outcome = swept(pool, REDUCED[policy])

    assert list(outcome.top) == best
    assert {reason: count for reason, count in outcome.counts.items() if count} == reasons
    assert outcome.configs == REDUCED[policy].size == sum(outcome.counts.values())


@pytest.mark.parametrize("cache_bytes", [0, 2**28], ids=["made anew", "held"])
@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_it_does_not_depend_on_how_rows_are_cut_into_blocks(
    pool: Pool, policy: MaskPolicy, cache_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = swept(pool, REDUCED[policy])

    monkeypatch.setattr(counter, "BLOCK_ROWS", 701)
    monkeypatch.setattr(counter, "rules_of", lambda of: replace(rules_of(of), span=3))

    assert swept(pool, REDUCED[policy], cache_bytes=cache_bytes) == whole


@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_it_does_not_depend_on_shards_or_their_order(pool: Pool, policy: MaskPolicy) -> None:
    grid = REDUCED[policy]
    shards = [swept(pool, grid.with_mods_3(mod, mod)) for mod in grid.moduli(3)]

    assert merge(shards) == merge(reversed(shards)) == swept(pool, grid)


@st.composite
def tiny_pools(draw: st.DrawFn) -> Pool:
    """Pools where ties, blind dimensions, rejections and incomplete coverage are common."""
    rows = draw(st.integers(12, 60))
    top = draw(st.sampled_from([100, 5000, 2**64 - 1]))
    seeds = draw(st.lists(st.integers(0, top), min_size=rows, max_size=rows, unique=True))
    minority = np.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)))
    minority[:2] = (True, False)
    numbers = draw(st.lists(st.integers(0, draw(st.sampled_from([0, 3, 1000]))), min_size=rows, max_size=rows))
    return Pool(np.array(seeds, dtype=np.uint64), minority, np.array(numbers, dtype=np.int64))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(pool=tiny_pools(), policy=st.sampled_from(MaskPolicy))
def test_ties_and_incomplete_coverage_are_decided_as_by_the_objective(pool: Pool, policy: MaskPolicy) -> None:
    best, reasons = exhaustive(pool, REDUCED[policy])

    outcome = swept(pool, REDUCED[policy])

    assert {reason: count for reason, count in outcome.counts.items() if count} == reasons
    if best:
        assert list(outcome.top) == best
    else:
        assert [(one.values[0], one.objective) for one in outcome.top] == [(5, -1.0)]
