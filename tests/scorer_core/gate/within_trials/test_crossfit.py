"""The cross-fitted lift is counted as it is written, and free of the winner's luck where the plain lift is not."""

from __future__ import annotations

import numpy as np
import pytest

from scorer_core.gate.within_trials.crossfit import cross_fitted
from scorer_core.gate.within_trials.strata import Strata

FOLDS = 5


def test_each_fold_is_measured_by_its_own_mask_without_cells_of_one_label() -> None:
    """Fold 0 has trial 0 alone, two of its four rows minority; fold 1 has trial 1 with one label only, and no say."""
    codes = np.array([0, 0, 0, 0, 1, 1])
    labels = np.array([True, True, False, False, True, True])
    folds = np.array([0, 0, 0, 0, 1, 1], np.uint8)
    chosen_without_0 = np.array([True, True, False, False, False, False])
    chosen_without_1 = np.array([False, False, False, False, True, False])

    found = cross_fitted(Strata.coded(codes, labels, 2), folds, [chosen_without_0, chosen_without_1])

    assert [(fold.minority_kept, fold.expected, fold.rows) for fold in found.folds] == [(2, 1.0, 4), (0, 0.0, 0)]
    assert found.lift == pytest.approx(2.0)


def test_where_every_cell_has_one_label_there_is_no_lift() -> None:
    labels = np.array([True, False])
    strata = Strata.coded(np.array([0, 1]), labels, 2)

    assert cross_fitted(strata, np.array([0, 1], np.uint8), [labels, labels]).lift is None


def test_the_best_of_many_masks_on_noise_looks_good_and_is_not() -> None:
    rng = np.random.default_rng(11)
    naive, fair = [], []
    for _ in range(40):
        codes, labels = rng.integers(0, 12, 2_000), rng.random(2_000) < 0.15
        folds = rng.integers(0, FOLDS, 2_000).astype(np.uint8)
        strata = Strata.coded(codes, labels, 12)
        masks = rng.random((60, 2_000)) < 0.1

        def best_on(rows: np.ndarray, strata: Strata = strata, masks: np.ndarray = masks) -> np.ndarray:
            inside = strata.at(rows)
            return max(masks, key=lambda mask: inside.margins(mask[rows]).lift or 0.0)

        naive.append(strata.margins(best_on(np.ones(2_000, bool))).lift or 0.0)
        fair.append(cross_fitted(strata, folds, [best_on(folds != fold) for fold in range(FOLDS)]).lift or 0.0)

    assert np.mean(naive) > 1.3
    assert np.mean(fair) == pytest.approx(1.0, abs=3 * np.std(fair) / np.sqrt(len(fair)))
