"""The size of pool that an INCONCLUSIVE verdict asks for is the one at which a lift would be seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom, nchypergeom_fisher

from scorer_core.gate.case import Case
from scorer_core.gate.decide import decide
from scorer_core.gate.noncentral import KeptMinority
from scorer_core.gate.planning import survivors_needed
from scorer_core.gate.statistics import power
from scorer_core.gate.verdict import Verdict
from scorer_core.scoring.counts import Counts
from scorer_core.spending import share_of
from tests.support.values import there

HOLDOUT = Counts(13_400, 1_085, 1_340, 110)


def scaled(counts: Counts, rows: int) -> Counts:
    factor = rows / counts.rows
    return Counts(rows, round(counts.minority * factor), round(counts.kept * factor), 0)


@pytest.mark.parametrize("min_lift", [1.1, 1.3, 2.0])
def test_a_pool_of_that_size_has_the_power_and_one_a_tenth_smaller_has_not(min_lift: float) -> None:
    needed = survivors_needed(HOLDOUT, min_lift, 0.01, 0.8)

    assert needed is not None
    alpha_1 = share_of(0.01, 1)
    assert power(scaled(HOLDOUT, round(0.3 * needed)), min_lift, alpha_1) == pytest.approx(0.8, abs=0.03)
    assert power(scaled(HOLDOUT, round(0.27 * needed)), min_lift, alpha_1) < 0.79


def test_a_simulated_holdout_of_that_size_shows_the_lift_four_times_in_five() -> None:
    needed = survivors_needed(HOLDOUT, 1.3, 0.01, 0.8)
    assert needed is not None
    counts = scaled(HOLDOUT, round(0.3 * needed))
    odds = np.exp(
        KeptMinority.given(counts.rows, counts.minority, counts.kept).log_odds_where_mean_is(1.3 * counts.expected)
    )

    kept = nchypergeom_fisher.rvs(
        counts.rows, counts.minority, counts.kept, odds, size=2000, random_state=np.random.default_rng(3)
    )

    shown = hypergeom.sf(kept - 1, counts.rows, counts.minority, counts.kept) <= share_of(0.01, 1)
    assert np.mean(shown) == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize(
    ("counts", "min_lift"), [(HOLDOUT, 1.0), (Counts(100, 10, 0, 0), 1.1), (Counts(100, 0, 10, 0), 1.1)]
)
def test_where_no_size_would_do_there_is_none(counts: Counts, min_lift: float) -> None:
    assert survivors_needed(counts, min_lift, 0.01, 0.8) is None


def test_an_inconclusive_verdict_says_how_many_more(null: Case) -> None:
    decision = decide(null)
    survivors = len(null.search) + len(null.holdout)

    assert decision.verdict is Verdict.INCONCLUSIVE
    needed = there(there(decision.test).survivors_needed)
    assert f"about {needed - survivors:,} survivors more, {needed:,} in all" in decision.reason
