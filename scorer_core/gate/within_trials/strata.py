"""The strata of a pool: within which rows labels are compared, and what a mask keeps of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.pool.survivors import Pool

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Margins:
    """What a mask keeps.

    Of each stratum `rows`, `minority` and `kept` rows, arrays of shape (strata,); `minority_kept` is over all.
    """

    rows: Ints
    minority: Ints
    kept: Ints
    minority_kept: int

    def __post_init__(self) -> None:
        lowest = np.maximum(0, self.kept + self.minority - self.rows)
        highest = np.minimum(self.kept, self.minority)
        possible = (lowest <= highest).all() and (np.maximum(self.kept, self.minority) <= self.rows).all()
        if not possible or not int(lowest.sum()) <= self.minority_kept <= int(highest.sum()):
            raise ValueError(f"{self} are not the margins of a mask; give counts of one and the same set of rows.")

    @property
    def expected(self) -> float:
        """Return how many minority rows chance would keep: Σ kept · minority / rows."""
        return float((self.kept * self.minority / np.maximum(self.rows, 1)).sum())

    @property
    def lift(self) -> float | None:
        """Return what is kept of the minority over what chance would keep; None where it would keep nothing."""
        expected = self.expected
        return self.minority_kept / expected if expected else None

    def of_the_majority(self) -> Margins:
        """Return the same table with the labels exchanged."""
        return Margins(self.rows, self.rows - self.minority, self.kept, int(self.kept.sum()) - self.minority_kept)


@dataclass(frozen=True)
class Strata:
    """Labels and strata of a pool's n rows.

    `codes`, shape (n,), is the stratum of each row, `labels` true for the minority; `rows` and `minority` count them
    by stratum, shape (strata,).
    """

    codes: NDArray[np.intp]
    labels: Mask
    rows: Ints
    minority: Ints

    @classmethod
    def of(cls, pool: Pool, rule: StrataRule) -> Strata:
        """Return the strata of a pool."""
        codes = np.zeros(len(pool), np.intp)
        if rule is StrataRule.TRIAL:
            codes = np.unique(pool.trial_number, return_inverse=True)[1].astype(np.intp)
        return cls.coded(codes, pool.minority, int(codes.max()) + 1)

    @classmethod
    def coded(cls, codes: NDArray[np.intp], labels: Mask, strata: int) -> Strata:
        """Count rows and minority rows of so many strata."""
        return cls(codes, labels, _counted(codes, strata), _counted(codes[labels], strata))

    def margins(self, kept: Mask) -> Margins:
        """Count what a mask `kept`, shape (n,), keeps of each stratum."""
        counted = _counted(self.codes[kept], len(self.rows))
        return Margins(self.rows, self.minority, counted, int(np.count_nonzero(kept & self.labels)))

    def at(self, rows: Mask) -> Strata:
        """Return the strata of some rows alone."""
        return Strata.coded(self.codes[rows], self.labels[rows], len(self.rows))

    @property
    def mixed(self) -> Mask:
        """Say which strata have both labels: in the others nothing can be told."""
        return np.asarray((self.minority > 0) & (self.minority < self.rows), dtype=np.bool_)

    @property
    def telling(self) -> Mask:
        """Say, of each row, whether its stratum has both labels: shape (n,)."""
        return np.asarray(self.mixed[self.codes], dtype=np.bool_)


def _counted(codes: NDArray[np.intp], strata: int) -> Ints:
    return np.bincount(codes, minlength=strata).astype(np.int64)
