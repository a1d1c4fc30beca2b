"""Strata for the tests: tables of (rows, minority, kept), and every way to keep so many of the minority."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np

from scorer_core.gate.within_trials.strata import Margins

Table = tuple[int, int, int]


def margins(tables: Sequence[Table], minority_kept: int | None = None) -> Margins:
    """Build margins; without a number, the fewest minority rows that can be kept are."""
    rows, minority, kept = (np.array(column, np.int64) for column in zip(*tables, strict=True))
    fewest = int(np.maximum(0, kept + minority - rows).sum())
    return Margins(rows, minority, kept, fewest if minority_kept is None else minority_kept)


def random_tables(rng: np.random.Generator, strata: int, rows: int) -> list[Table]:
    """Draw strata of up to so many rows, some with one label only."""
    found = []
    for size in rng.integers(1, rows + 1, strata):
        share = rng.choice([0.0, 1.0, rng.random()], p=[0.05, 0.05, 0.9])
        found.append((int(size), int(rng.binomial(size, share)), int(rng.binomial(size, 0.3))))
    return found


def ways(tables: Sequence[Table]) -> dict[int, int]:
    """Return, for each number of minority rows kept, how many ways there are to draw the kept rows."""
    found = {0: 1}
    for rows, minority, kept in tables:
        wider: dict[int, int] = {}
        for x in range(max(0, kept + minority - rows), min(kept, minority) + 1):
            count = comb(minority, x) * comb(rows - minority, kept - x)
            for s, before in found.items():
                wider[s + x] = wider.get(s + x, 0) + before * count
        found = wider
    return dict(sorted(found.items()))
