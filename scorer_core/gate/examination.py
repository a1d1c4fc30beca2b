"""What a search found, examined on all rows of the pool: one candidate, what it proves, and how large its effect is.

No rows are held back. What pays for the search is the size of the space: p_space. What keeps the estimate of the effect
honest is that each fold's rows are measured by a config that was picked on the other folds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from scorer_core.gate.contenders import Contender, pick
from scorer_core.gate.within_trials.crossfit import CrossFitted, cross_fitted
from scorer_core.gate.within_trials.effects import guaranteed_lift, log_p_space, log_p_value
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.gate.within_trials.strata import Margins, Mask, Strata
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import Reason, Score, score_counts
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params

Values = tuple[ParamValue, ...]


@dataclass(frozen=True)
class Found:
    """The configs that a search brings before the gate, by the values that the objective sees.

    One of `on_all` may be the candidate, one of `without[f]` what is picked without the rows of fold f. `largest_lift`
    is U, the largest 95 % upper bound of the lift over all configs that keep a tenth of the rows or more: a whole sweep
    of all rows knows it, nothing else does.
    """

    on_all: tuple[Values, ...]
    without: tuple[tuple[Values, ...], ...]
    largest_lift: float | None = None


@dataclass(frozen=True)
class Effect:
    """The candidate on all rows: ln p_space, the guaranteed lift L, and the cross-fitted lift.

    `unseen`, shape (n,), is what is kept by configs that have not seen the row: in each fold the one picked without it.
    """

    candidate: Contender
    score: Score
    margins: Margins
    guaranteed_lift: float
    cross_fitted: CrossFitted
    same_in_folds: int
    """In how many folds the same config was picked without them."""
    unseen: Mask

    @property
    def log10_p_space(self) -> float:
        """Return the common logarithm of p_space, which a float may not hold."""
        return self.candidate.log_p_space / math.log(10)


class Examiner:
    """Measures configs on the rows of one pool; `folds`, shape (n,), is the fold of each row."""

    def __init__(self, pool: Pool, rule: StrataRule, folds: NDArray[np.uint8], policy: MaskPolicy, space: int) -> None:
        self.strata = Strata.of(pool, rule)
        self._trials = Strata.of(pool, StrataRule.TRIAL)
        self._pool, self._folds, self._policy, self._space = pool, folds, policy, space
        self.mask = cache(self._mask)

    def examine(self, found: Found, level: float) -> Effect | None:
        """Pick a candidate at `level` (α_j), by the same rule a config for each fold, and measure; None of nothing."""
        everywhere = np.ones(len(self._pool), np.bool_)
        candidate = self.pick(found.on_all, everywhere, level)
        if candidate is None:
            return None
        picked = [self.pick(configs, self._folds != fold, level) for fold, configs in enumerate(found.without)]
        masks = [np.zeros_like(everywhere) if one is None else self.mask(one.values) for one in picked]
        margins = self.strata.margins(self.mask(candidate.values))
        return Effect(
            candidate,
            self.score(candidate.values, everywhere),
            margins,
            guaranteed_lift(margins, self._space),
            cross_fitted(self.strata, self._folds, masks),
            sum(one is not None and one.values == candidate.values for one in picked),
            np.any([mask & (self._folds == fold) for fold, mask in enumerate(masks)], axis=0),
        )

    def pick(self, configs: Sequence[Values], rows: Mask, level: float) -> Contender | None:
        """Return the one that the rule picks of those that the objective accepts on some rows."""
        if not rows.any():
            return None
        strata = self.strata.at(rows)
        scored = ((values, self.score(values, rows)) for values in configs)
        accepted = [(values, score.objective) for values, score in scored if score.reason is Reason.OK]
        contenders = []
        for values, objective in sorted(accepted, key=lambda one: (-one[1], one[0])):
            log_p = log_p_value(strata.margins(self.mask(values)[rows]))
            contenders.append(Contender(values, objective, log_p_space(log_p, self._space)))
        return pick(contenders, level)

    def score(self, values: Values, rows: Mask) -> Score:
        """Return the objective of a config on some rows."""
        kept, codes = self.mask(values) & rows, self._trials.codes
        counts = Counts.of(self._pool.minority[rows], kept[rows])
        return score_counts(counts, lambda: _distinct(codes[kept]) / _distinct(codes[rows]))

    def cells(self, values: Values) -> Margins:
        """Return what a config keeps of each stratum in each fold."""
        codes, folds = self.strata.codes, int(self._folds.max()) + 1
        strata = Strata.coded(codes * folds + self._folds, self.strata.labels, len(self.strata.rows) * folds)
        return strata.margins(self.mask(values))

    def _mask(self, values: Values) -> Mask:
        params = dict(zip(objective_params(self._policy), values, strict=True))
        return residue_mask(self._pool.seeds, params, self._policy).kept


def _distinct(codes: NDArray[np.intp]) -> int:
    return int(np.count_nonzero(np.bincount(codes)))
