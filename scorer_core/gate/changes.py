"""What changed since the pool that was decided before: rows that were dropped or relabelled can make a result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer_core.pool.survivors import Pool


@dataclass(frozen=True)
class Changes:
    """Rows of a pool beside those of the pool that was decided before it.

    Rows are the same by their seed: `added` and `dropped` are in one pool only, `relabelled` and `moved` (to another
    Step 1 trial) in both.
    """

    before: int
    added: int
    dropped: int
    relabelled: int
    moved: int

    @property
    def growth(self) -> float:
        """Return the rows added, as a share of those that were there before."""
        return self.added / self.before

    def describe(self) -> str:
        """Return a sentence for the operator."""
        told = [
            f"{count:,} {what}"
            for count, what in (
                (self.added, "rows more"),
                (self.dropped, "rows of it are gone"),
                (self.relabelled, "relabelled"),
                (self.moved, "now of another Step 1 trial"),
            )
            if count
        ]
        since = f"Since the pool of {self.before:,} rows that was decided before"
        return f"{since}: {', '.join(told)}." if told else f"{since}, nothing changed."


def changes(before: Pool, now: Pool) -> Changes:
    """Compare a pool with the one that was decided before it."""
    _, old, new = np.intersect1d(before.seeds, now.seeds, assume_unique=True, return_indices=True)
    return Changes(
        before=len(before),
        added=len(now) - len(new),
        dropped=len(before) - len(old),
        relabelled=int(np.count_nonzero(before.minority[old] != now.minority[new])),
        moved=int(np.count_nonzero(before.trial_number[old] != now.trial_number[new])),
    )
