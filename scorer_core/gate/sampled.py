"""The contenders of a search that samples: of all configs that it tried, those that nothing beats, as a sweep has them.

Tested by a bound that costs a logarithm each, so that 10⁵ configs stay affordable; the exact tails are for the few that
are left. All rows are counted, whatever sample a trial scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from operator import truediv

import numpy as np
from numpy.typing import NDArray

from scorer_core.errors import ResultConflict
from scorer_core.pool.folds import FOLDS
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.limits import CACHE_MB
from scorer_core.scoring.masks import mask_of_residues, moduli_of
from scorer_core.scoring.objective import Reason, score_counts
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.residues import ResidueCache
from scorer_core.scoring.space import objective_params
from scorer_core.scoring.sweep.outcome import Front, Ranked, front_of
from scorer_core.scoring.sweep.rows import Columns
from scorer_core.scoring.sweep.scopes import ALL_ROWS, SCOPES, by_scope, folds_of_scopes, scopes_of

Values = tuple[ParamValue, ...]
_HELD = 1000


def fronts_among(configs: Iterable[Values], pool: Pool, policy: MaskPolicy) -> tuple[Front, ...]:
    """Return a front for each scope of a sweep, of the configs that are given by what the objective sees."""
    counter = _Counter(pool, policy)
    found: list[list[Ranked]] = [[] for _ in range(SCOPES)]
    for values in configs:
        for number, ranked in counter.ranked(values):
            found[number].append(ranked)
            if len(found[number]) > _HELD:
                found[number] = list(front_of(found[number]))
    return tuple(front_of(front) for front in found)


def counted(values: Values, pool: Pool, policy: MaskPolicy) -> Ranked:
    """Return what a config, which the objective accepts there, comes to on all rows.

    Raises:
        ResultConflict: it does not accept it.
    """
    for number, ranked in _Counter(pool, policy).ranked(values):
        if number == ALL_ROWS:
            return ranked
    raise ResultConflict(f"a rig names the config {values} as accepted, the head rejects it. Compare their numpy.")


class _Counter:
    """Counts what a config keeps of each scope of a pool."""

    def __init__(self, pool: Pool, policy: MaskPolicy) -> None:
        self._columns, self._policy = Columns.of(pool), policy
        self._names = objective_params(policy)
        self._scopes = scopes_of(self._columns)
        self._residues = ResidueCache(self._columns.seeds, CACHE_MB * 2**20)

    def ranked(self, values: Values) -> list[tuple[int, Ranked]]:
        """Return the scopes in which a config is accepted, and what it comes to there."""
        columns, params = self._columns, dict(zip(self._names, values, strict=True))
        mask = mask_of_residues([self._residues.of(modulus) for modulus in moduli_of(params)], params, self._policy)
        rows = np.flatnonzero(mask.kept)
        bounds = np.searchsorted(rows, columns.fold_starts)
        codes = columns.codes[rows]
        kept = by_scope(np.diff(bounds), axis=0)
        minority = by_scope(_sums(columns.minority[rows], bounds), axis=0)
        shares = by_scope(_sums(columns.shares[codes], bounds), axis=0)
        covered = self._covered(codes, bounds)
        found = []
        for number, scope in enumerate(self._scopes):
            counts = Counts(scope.rows, scope.minority, int(kept[number]), int(minority[number]))
            if not scope.rows:
                continue
            score = score_counts(counts, partial(truediv, covered[number], scope.trials))
            if score.reason is Reason.OK:
                ranked = Ranked(values, score.objective, counts.kept, counts.minority_kept, int(shares[number]))
                found.append((number, ranked))
        return found

    def _covered(self, codes: NDArray[np.uint32], bounds: NDArray[np.intp]) -> list[int]:
        """Return how many Step 1 trials have a kept row in each scope."""
        there = np.zeros((FOLDS, len(self._columns.shares)), np.bool_)
        for fold in range(FOLDS):
            there[fold, codes[bounds[fold] : bounds[fold + 1]]] = True
        return [int(np.count_nonzero(there[inside].any(axis=0))) for inside in folds_of_scopes()]


def _sums(values: NDArray[np.unsignedinteger], bounds: Sequence[int] | NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the sum of the values between neighbouring bounds."""
    sums = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
    return np.diff(sums[bounds])
