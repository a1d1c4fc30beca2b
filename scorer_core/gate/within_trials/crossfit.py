"""How large an effect is, without the winner's luck: a mask is measured on rows that it was not chosen on.

Cross-fitting: M. Stone, J. R. Stat. Soc. B 36, 1974; V. Chernozhukov et al., Econometrics Journal 21, 2018. An
estimate; no coverage is claimed for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.gate.within_trials.strata import Mask, Strata


@dataclass(frozen=True)
class FoldLift:
    """What one fold says: minority rows kept and expected, without strata that have one label only in this fold.

    `rows` is how many rows of the fold are in the strata that have both.
    """

    minority_kept: int
    expected: float
    rows: int


@dataclass(frozen=True)
class CrossFitted:
    """All folds together."""

    folds: tuple[FoldLift, ...]

    @property
    def lift(self) -> float | None:
        """Return λ_cf = Σ(M − M_pure) / Σ(E − E_pure); None where nothing was to be expected in any fold."""
        expected = sum(fold.expected for fold in self.folds)
        return sum(fold.minority_kept for fold in self.folds) / expected if expected else None


def cross_fitted(strata: Strata, fold_of: NDArray[np.uint8], masks: Sequence[Mask]) -> CrossFitted:
    """Measure, on the rows of each fold, the mask that was chosen on the rows of the others.

    `fold_of`, shape (n,), is the fold of each row; `masks[f]`, shape (n,), is what was chosen without fold f.
    """
    return CrossFitted(
        tuple(_measured(strata.at(fold_of == fold), mask[fold_of == fold]) for fold, mask in enumerate(masks))
    )


def _measured(strata: Strata, kept: Mask) -> FoldLift:
    telling = strata.telling
    inside = strata.at(telling)
    margins = inside.margins(kept[telling])
    return FoldLift(margins.minority_kept, margins.expected, len(inside.codes))
