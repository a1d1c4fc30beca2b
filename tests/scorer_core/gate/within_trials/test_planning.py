"""The size that is asked for shows the lift as often as it says, by exact chances and by drawing pools of that size."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import nchypergeom_fisher

from scorer_core.gate.within_trials.distribution import KeptWithin, UpperTail
from scorer_core.gate.within_trials.effects import log_p_value
from scorer_core.gate.within_trials.planning import CHANCE, Planner
from scorer_core.gate.within_trials.strata import Margins
from tests.scorer_core.gate.within_trials.tables import Table, margins

LEVEL = 0.0061 / 24_264_240
TABLES: list[Table] = [(120, 14, 12), (240, 18, 25), (75, 9, 7), (60, 30, 6), (300, 20, 31)]
BY_FOLD: list[Table] = [(24, 3, 2), (48, 4, 5), (15, 2, 1), (12, 6, 1), (60, 4, 6)] * 5


def planner(min_lift: float) -> Planner:
    return Planner(margins(TABLES), margins(BY_FOLD), min_lift, LEVEL)


def times(tables: list[Table], scale: int) -> Margins:
    return margins(tables * scale)


@pytest.mark.parametrize("min_lift", [1.1, 1.5])
def test_the_chances_are_those_of_the_exact_distribution_of_so_many_trials(min_lift: float) -> None:
    plan, scale = planner(min_lift), 40
    whole, cells = KeptWithin(times(TABLES, scale)), KeptWithin(times(BY_FOLD, scale))
    critical = smallest_that_is_rare(scale)
    real = UpperTail(whole, critical).log_chance(whole.tilt_where_mean_is(plan.lift * whole.null.mean))
    asked = math.ceil(min_lift * cells.null.mean)
    worth_it = UpperTail(cells, asked).log_chance(cells.tilt_where_mean_is(plan.lift * cells.null.mean))

    found = plan.chances(scale)

    assert found is not None
    assert found.real == pytest.approx(math.exp(real), abs=0.02)
    assert found.worth_it == pytest.approx(math.exp(worth_it), abs=0.02)


def smallest_that_is_rare(scale: int) -> int:
    """Return the smallest number of minority rows kept whose exact tail is at most LEVEL."""
    tables = TABLES * scale
    low, high = round(KeptWithin(margins(tables)).null.mean), KeptWithin(margins(tables)).highest
    while high - low > 1:
        middle = (low + high) // 2
        rare = log_p_value(margins(tables, middle)) <= math.log(LEVEL)
        low, high = (low, middle) if rare else (middle, high)
    return high


@pytest.mark.parametrize("min_lift", [1.1, 1.3, 2.0])
def test_a_pool_of_that_size_is_enough_and_one_a_twentieth_smaller_is_not(min_lift: float) -> None:
    """At 1.1 the proof is what takes most rows, at 2.0 it is the size of the effect: both have to be likely."""
    plan = planner(min_lift)
    needed = plan.rows_needed()
    assert needed is not None
    rows = int(plan.by_stratum.rows.sum())
    enough, short = plan.chances(needed / rows), plan.chances(0.95 * needed / rows)

    assert enough is not None
    assert min(enough.real, enough.worth_it) >= CHANCE
    assert short is not None
    assert min(short.real, short.worth_it) < CHANCE


def test_drawn_pools_of_that_size_show_the_lift_as_often_as_it_says() -> None:
    plan, rng = planner(1.3), np.random.default_rng(5)
    needed = plan.rows_needed()
    assert needed is not None
    scale = round(needed / plan.by_stratum.rows.sum())
    whole = KeptWithin(times(TABLES, scale))
    odds = math.exp(whole.tilt_where_mean_is(plan.lift * whole.null.mean))
    drawn = sum(nchypergeom_fisher(*table, odds).rvs((200, scale), random_state=rng).sum(axis=1) for table in TABLES)

    real = float(np.mean(drawn >= smallest_that_is_rare(scale)))

    assert real >= CHANCE - 0.05


def test_a_pool_too_small_for_any_result_so_rare_has_no_chance_of_one() -> None:
    found = planner(1.3).chances(0.02)

    assert found is not None
    assert found.real == 0.0
    assert not found.enough


def test_a_lift_that_the_margins_do_not_allow_has_no_size() -> None:
    assert planner(8.0).rows_needed() is None
