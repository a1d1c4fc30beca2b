"""What a mask keeps of each stratum is counted; what no mask could keep is refused."""

from __future__ import annotations

import numpy as np
import pytest

from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.gate.within_trials.strata import Margins, Strata
from scorer_core.pool.survivors import Pool
from tests.scorer_core.gate.within_trials.tables import margins

LABELS = np.array([True, False, False, True, True, False, False])
TRIALS = np.array([7, 7, 7, -2, -2, 900, 900])
KEPT = np.array([True, True, False, False, True, False, True])
POOL = Pool(np.arange(7, dtype=np.uint64), LABELS, TRIALS)


def test_a_mask_is_counted_by_step_1_trial() -> None:
    found = Strata.of(POOL, StrataRule.TRIAL).margins(KEPT)

    assert [found.rows.tolist(), found.minority.tolist(), found.kept.tolist()] == [[2, 3, 2], [2, 1, 0], [1, 2, 1]]
    assert found.minority_kept == 2
    assert found.expected == pytest.approx(1 * 2 / 2 + 2 * 1 / 3)
    assert found.lift == pytest.approx(2 / (1 + 2 / 3))


def test_where_trial_numbers_mean_nothing_all_rows_are_one_stratum() -> None:
    found = Strata.of(POOL, StrataRule.NONE).margins(KEPT)

    assert (found.rows.tolist(), found.minority.tolist(), found.kept.tolist()) == ([7], [3], [4])


def test_strata_with_one_label_tell_nothing() -> None:
    strata = Strata.of(POOL, StrataRule.TRIAL)

    assert strata.mixed.tolist() == [False, True, False]
    assert strata.telling.tolist() == [True, True, True, False, False, False, False]
    assert not Strata.of(POOL.rows(TRIALS == 900), StrataRule.TRIAL).telling.any()


def test_the_majority_is_counted_by_the_same_mask() -> None:
    majority = Strata.of(POOL, StrataRule.TRIAL).margins(KEPT).of_the_majority()

    assert (majority.minority.tolist(), majority.minority_kept) == ([0, 2, 2], 2)


def test_a_mask_that_keeps_nothing_has_no_lift() -> None:
    assert margins([(5, 2, 0), (3, 0, 2)]).lift is None


@pytest.mark.parametrize(
    ("table", "minority_kept"), [((5, 6, 1), 1), ((5, 2, 6), 2), ((5, 2, 3), 3), ((5, 4, 4), 2), ((5, 2, 2), -1)]
)
def test_impossible_margins_are_refused(table: tuple[int, int, int], minority_kept: int) -> None:
    rows, minority, kept = (np.array([count]) for count in table)
    with pytest.raises(ValueError, match="not the margins of a mask"):
        Margins(rows, minority, kept, minority_kept)
