"""What a sweep counts on: all rows, and for each fold the rows of the other four."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.folds import FOLDS
from scorer_core.scoring.objective import Reason, by_reason
from scorer_core.scoring.sweep.rows import Columns

SCOPES = 1 + FOLDS
ALL_ROWS = 0
"""Scope 0 is all rows, scope 1 + f the rows outside fold f."""

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Scope:
    """Some of a pool's folds: rows, minority rows, Step 1 trials, and the fewest and most rows of an accepted mask."""

    rows: int
    minority: int
    trials: int
    fewest: int
    most: int


def scopes_of(columns: Columns) -> tuple[Scope, ...]:
    """Return all SCOPES scopes of a pool's rows."""
    cells = columns.cells
    there = np.zeros((FOLDS, len(columns.shares)), np.bool_)
    there[columns.fold_at(cells), columns.codes[cells]] = True
    counted = np.array(
        [
            (stop - start, np.count_nonzero(columns.minority[start:stop]))
            for start, stop in zip(columns.fold_starts[:-1], columns.fold_starts[1:], strict=True)
        ]
    )
    found = []
    for inside in folds_of_scopes():
        rows, minority = (int(total) for total in counted[inside].sum(axis=0))
        found.append(Scope(rows, minority, int(there[inside].any(axis=0).sum()), *_accepted(rows)))
    return tuple(found)


def folds_of_scopes() -> NDArray[np.bool_]:
    """Return which folds each scope has: shape (SCOPES, FOLDS)."""
    inside = np.ones((SCOPES, FOLDS), np.bool_)
    inside[np.arange(1, SCOPES), np.arange(FOLDS)] = False
    return inside


def by_scope(by_fold: NDArray[Number], axis: int) -> NDArray[Number]:
    """Return sums over the folds of each scope, given sums by fold along an axis."""
    whole = by_fold.sum(axis=axis, keepdims=True, dtype=by_fold.dtype)
    return np.concatenate((whole, whole - by_fold), axis=axis)


def _accepted(rows: int) -> tuple[int, int]:
    """Return the fewest and the most rows that an accepted mask keeps; fewest above most when there are none."""
    found = np.flatnonzero(by_reason(np.arange(rows + 1), rows)[Reason.OK]) if rows else np.empty(0, np.int64)
    return (int(found[0]), int(found[-1])) if len(found) else (1, 0)
