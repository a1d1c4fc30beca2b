"""java_lcg: the 48-bit linear congruential generator of `java.util.Random`, with jump-ahead.

One step is `state = (25214903917 * state + 11) mod 2^48`; a seed is its own first state, and the
output of a state is `(state >> 16) mod 1000`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PRNG_TYPE = "java_lcg"
MULTIPLIER = 25214903917
INCREMENT = 11
STATE_MASK = 2**48 - 1
OUTPUT_SHIFT = 16
OUTPUTS = 1000


def jump(steps: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the factor and the summand that advance a state by each of `steps`, both of shape (m,).

    By repeated doubling of one step: F. Brown, "Random number generation with arbitrary strides",
    Transactions of the American Nuclear Society 71, 1994.
    """
    factor = np.ones(len(steps), dtype=np.uint64)
    summand = np.zeros(len(steps), dtype=np.uint64)
    power, power_summand = MULTIPLIER, INCREMENT  # the jump by 1, 2, 4, 8, ... steps
    remaining = steps.copy()
    while remaining.any():
        odd = (remaining & 1).astype(np.bool_)
        factor[odd] *= np.uint64(power)
        summand[odd] = summand[odd] * np.uint64(power) + np.uint64(power_summand)
        power_summand = (power * power_summand + power_summand) & STATE_MASK
        power = power * power & STATE_MASK
        remaining >>= 1
    mask = np.uint64(STATE_MASK)  # 2^48 divides 2^64: unsigned overflow on the way does no harm
    return factor & mask, summand & mask


def outputs(seeds: NDArray[np.uint64], steps: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Return the output of each seed, shape (n,), after each number of steps, shape (m,), as (n, m)."""
    factor, summand = jump(steps)
    states = seeds[:, np.newaxis] * factor + summand
    states &= np.uint64(STATE_MASK)
    states >>= np.uint64(OUTPUT_SHIFT)
    words = states.astype(np.uint32)
    words -= words // np.uint32(OUTPUTS) * np.uint32(OUTPUTS)  # several times faster than numpy's %
    return words.astype(np.uint16)
