"""How many survivors it would take: the size of pool whose holdout could show a lift of `min_lift`."""

from __future__ import annotations

import math

from scorer_core.gate.statistics import power
from scorer_core.pool.split import SEARCH_SHARE
from scorer_core.scoring.counts import Counts
from scorer_core.spending import share_of

MOST_SURVIVORS = 10**9
_PRECISION = 1.01


def survivors_needed(counts: Counts, min_lift: float, alpha: float, wanted_power: float) -> int | None:
    """Return the smallest pool, to about 1 %, whose holdout shows a lift of `min_lift` with `wanted_power`.

    With the shares of minority and kept rows of `counts`. A larger pool is a new one: its first
    decision may spend α₁. None when not even MOST_SURVIVORS would do, or nothing is kept or minority.
    """
    if not counts.expected:
        return None
    alpha_1 = share_of(alpha, 1)

    def enough(rows: float) -> bool:
        return power(_scaled(counts, rows / counts.rows), min_lift, alpha_1) >= wanted_power

    most = MOST_SURVIVORS * (1.0 - SEARCH_SHARE)
    short, long = 1.0, float(counts.rows)
    while not enough(long):
        if long >= most or min_lift <= 1.0:
            return None
        short, long = long, min(2 * long, most)
    while long / short > _PRECISION:
        middle = math.sqrt(short * long)
        short, long = (short, middle) if enough(middle) else (middle, long)
    return math.ceil(long / (1.0 - SEARCH_SHARE))


def _scaled(counts: Counts, factor: float) -> Counts:
    """Return a table of the same shares with `factor` times as many rows; power does not read what is in it."""
    rows = max(round(counts.rows * factor), 1)
    minority = min(round(counts.minority * factor), rows)
    kept = min(round(counts.kept * factor), rows)
    return Counts(rows, minority, kept, max(0, kept + minority - rows))
