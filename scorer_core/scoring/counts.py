"""The counts of one mask on one set of rows: a two by two table, carried from the mask to the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.survivors import Pool


@dataclass(frozen=True)
class Counts:
    """A two by two table: of `rows`, how many are minority, how many are kept, how many are both."""

    rows: int
    minority: int
    kept: int
    minority_kept: int

    def __post_init__(self) -> None:
        lowest = max(0, self.kept + self.minority - self.rows)
        if not lowest <= self.minority_kept <= min(self.minority, self.kept) <= self.rows:
            raise ValueError(f"{self} is not a table of counts; give counts of one and the same set of rows.")

    @classmethod
    def from_mask(cls, pool: Pool, kept: NDArray[np.bool_]) -> Counts:
        """Count a mask `kept`, shape (n,), over the n rows of `pool`."""
        return cls.of(pool.minority, kept)

    @classmethod
    def of(cls, minority: NDArray[np.bool_], kept: NDArray[np.bool_]) -> Counts:
        """Count rows, minority rows and kept rows, both of shape (n,)."""
        return cls(
            rows=len(kept),
            minority=int(np.count_nonzero(minority)),
            kept=int(np.count_nonzero(kept)),
            minority_kept=int(np.count_nonzero(minority & kept)),
        )

    @property
    def expected(self) -> float:
        """Return how many minority rows chance would keep; 0 without rows."""
        return self.kept * self.minority / self.rows if self.rows else 0.0
