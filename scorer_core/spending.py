"""How a chance of error is spent over decisions whose number nobody knows beforehand."""

from __future__ import annotations

import math


def share_of(total: float, number: int) -> float:
    """Return what the `number`-th (from 1) may spend of `total`: 6 · total / (π² · number²).

    By Euler's Σ 1/j² = π²/6 all together never spend more than `total` (the union bound; weights as in D. P. Foster,
    R. A. Stine, "α-investing", J. R. Stat. Soc. B 70, 2008).

    Raises:
        ValueError: it is counted from 1.
    """
    if number < 1:
        raise ValueError(f"number {number}: what spends a chance of error is counted from 1.")
    return 6.0 * total / (math.pi * number) ** 2
