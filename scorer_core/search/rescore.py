"""What a sweep would say of one config, computed apart from the sweep: from its mask alone, row by row."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.sampling import sample_rows
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import score_counts
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params
from scorer_core.scoring.sweep.outcome import Ranked
from scorer_core.scoring.sweep.rows import Columns
from scorer_core.scoring.sweep.scopes import folds_of_scopes, scopes_of
from scorer_core.scoring.sweep.shards import SAMPLE_NUMBER

_HELD_MASKS = 16


class Rescorer:
    """Scores configs on the rows that a sweep of a pool scores, in any of its scopes."""

    def __init__(self, pool: Pool, policy: MaskPolicy, sample_size: int | None) -> None:
        columns = Columns.of(pool)
        chosen = sample_rows(len(pool), sample_size, SAMPLE_NUMBER)
        self._columns = columns if chosen is None else columns.some(chosen)
        self._policy = policy
        self._scopes = scopes_of(self._columns)
        self._inside = folds_of_scopes()[:, self._columns.fold_at(np.arange(len(self._columns)))]
        self._mask = lru_cache(_HELD_MASKS)(self._kept)

    def ranked(self, values: tuple[ParamValue, ...], scope: int) -> Ranked:
        """Return a config with its objective, its counts and its shares in a scope."""
        columns, totals = self._columns, self._scopes[scope]
        kept = self._mask(values) & self._inside[scope]
        codes = columns.codes[kept]
        count, minority_kept = len(codes), int(np.count_nonzero(columns.minority[kept]))
        score = score_counts(
            Counts(totals.rows, totals.minority, count, minority_kept),
            lambda: int(np.count_nonzero(np.bincount(codes))) / totals.trials,
        )
        return Ranked(values, score.objective, count, minority_kept, int(columns.shares[codes].sum(dtype=np.int64)))

    def _kept(self, values: tuple[ParamValue, ...]) -> NDArray[np.bool_]:
        params = dict(zip(objective_params(self._policy), values, strict=True))
        return residue_mask(self._columns.seeds.astype(np.uint64), params, self._policy).kept
