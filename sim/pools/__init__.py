"""Sample pools, made from a seed: `sieve` is a real Step 1, `planted` has a known answer, `null` has none."""

from __future__ import annotations

import dataclasses
from enum import StrEnum

import numpy as np

from scorer_core.errors import InputError, assert_never
from sim.pools.fields import Columns
from sim.pools.planted import DEFAULT_PLANT, DEFAULT_SIZE, null_pool, planted_pool
from sim.pools.sieve import sieve_pool

__all__ = ["DEFAULT_SIZE", "MAX_SIZE", "MIN_SIZE", "PoolKind", "make_pool"]

MIN_SIZE = 100  # eight are minority; with fewer, too many pools would lack a class
MAX_SIZE = 5_000_000  # above, the columns alone take more than half a gigabyte


class PoolKind(StrEnum):
    """What a sample pool is made of."""

    SIEVE = "sieve"
    PLANTED = "planted"
    NULL = "null"


def make_pool(kind: PoolKind, size: int, seed: int, lift: float | None = None) -> Columns:
    """Make the columns of a pool, all of one length, the seeds ascending; the same arguments give the same values.

    Args:
        kind: which pool.
        size: for `sieve` the number of seeds examined, else the number of survivors.
        seed: of all that is random, the sieve's hidden seed included; not negative.
        lift: for `planted` alone, the minority share inside the planted mask over that of the pool.

    Raises:
        InputError: an argument is out of range, or the sieve found one class only.
    """
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise InputError(f"pool size {size} is out of range; it must be from {MIN_SIZE} to {MAX_SIZE}.")
    if seed < 0:
        raise InputError(f"pool seed {seed} is negative; it must be 0 or more.")
    if lift is not None and kind is not PoolKind.PLANTED:
        raise InputError(f"a {kind.value} pool has no lift to choose; leave out the lift, or make a planted pool.")
    rng = np.random.default_rng(seed)
    match kind:
        case PoolKind.SIEVE:
            return _with_both_classes(sieve_pool(size, rng), seed)
        case PoolKind.PLANTED:
            plant = DEFAULT_PLANT if lift is None else dataclasses.replace(DEFAULT_PLANT, lift=lift)
            return planted_pool(size, rng, plant)
        case PoolKind.NULL:
            return null_pool(size, rng)
        case _:
            assert_never(kind)


def _with_both_classes(columns: Columns, seed: int) -> Columns:
    if len(np.unique(columns["skip_mode"])) < 2:
        raise InputError(
            f"the sieve found {len(columns['seeds'])} survivors, not of both skip modes, with pool seed {seed}. "
            "Give it more seeds to examine, or another pool seed."
        )
    return columns
