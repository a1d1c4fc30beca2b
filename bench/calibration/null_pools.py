"""Pools without signal: given the seeds and their Step 1 trials, labels may be exchanged within a trial.

Of made pools and of real sieves three kinds each: labels random over all rows; labels permuted within each Step 1
trial, so that trials keep shares of their own; and whole trials permuted, so that each gets the share of another one,
which has nothing to do with its seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bench.calibration.pools import random_signal, signal_pool
from scorer_core.pool.survivors import Pool, pool_from_columns
from scorer_core.scoring.sweep.chance import permuted_within
from sim.pools import PoolKind, make_pool
from sim.pools.planted import MINORITY_SHARE, TRIAL_NUMBERS, random_seeds

SIEVES = 20
"""Real sieves are made once and take turns: only their labels are new each time."""
_HIDDEN_LIFT = 3.0


@dataclass(frozen=True)
class Sizes:
    """Survivors of a made pool, and seeds that a sieve examines."""

    rows: int
    examined: int


def random_label_pool(rows: int, seed: int) -> Pool:
    """Return a pool whose labels are random."""
    return pool_from_columns(make_pool(PoolKind.NULL, rows, seed), where="null pool")


def over_all_rows(pool: Pool, rng: np.random.Generator) -> Pool:
    """Return a pool with its labels permuted over all rows."""
    return replace(pool, minority=rng.permutation(pool.minority))


def permuted_within_trials(pool: Pool, rng: np.random.Generator) -> Pool:
    """Return a pool with its labels permuted within each Step 1 trial."""
    codes = np.unique(pool.trial_number, return_inverse=True)[1]
    return replace(pool, minority=permuted_within(codes, pool.minority, rng))


def whole_trials(pool: Pool, rng: np.random.Generator) -> Pool:
    """Return a pool in which each Step 1 trial has the minority share of another, in rows drawn anew."""
    codes = np.unique(pool.trial_number, return_inverse=True)[1]
    rows = np.bincount(codes)
    shares = rng.permutation(np.bincount(codes, weights=pool.minority) / rows)
    wanted = np.rint(shares * rows).astype(np.int64)
    order = np.lexsort((rng.random(len(pool)), codes))
    place = np.arange(len(pool)) - np.repeat(np.cumsum(rows) - rows, rows)
    minority = np.empty_like(pool.minority)
    minority[order] = place < wanted[codes[order]]
    return replace(pool, minority=minority)


def blocks_pool(rows: int, seed: int) -> Pool:
    """Return a pool whose Step 1 trials are blocks of residues, each with a share of the minority of its own.

    The shares have nothing to do with the seeds, but a mask that follows the residues follows the trials.
    """
    rng = np.random.default_rng(seed)
    seeds = random_seeds(rows, rng)
    trial = (seeds % np.uint64(TRIAL_NUMBERS)).astype(np.int64)
    shares = rng.beta(0.5, 0.5 * (1 - MINORITY_SHARE) / MINORITY_SHARE, TRIAL_NUMBERS)
    return Pool(seeds, with_both(rng.random(rows) < shares[trial]), trial)


def with_both(minority: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return labels, the first two of them one of each, as every pool has both."""
    minority[:2] = (False, True)
    return minority


def hidden_signal_pool(rows: int, seed: int) -> Pool:
    """Return a pool whose labels had a signal until they were permuted within its Step 1 trials."""
    rng = np.random.default_rng(seed)
    return permuted_within_trials(signal_pool(random_signal(_HIDDEN_LIFT, rows, rng), rows, rng), rng)


def _sieved(permuted: Callable[[Pool, np.random.Generator], Pool]) -> Callable[[Sizes, int, int], Pool]:
    return lambda sizes, index, seed: permuted(_sieve(sizes.examined, index % SIEVES), np.random.default_rng(seed))


@lru_cache(maxsize=2 * SIEVES)
def _sieve(examined: int, seed: int) -> Pool:
    return pool_from_columns(make_pool(PoolKind.SIEVE, examined, seed), where="sieve pool")


KINDS: dict[str, Callable[[Sizes, int, int], Pool]] = {
    "made, labels random": lambda sizes, _, seed: random_label_pool(sizes.rows, seed),
    "made, within trials": lambda sizes, _, seed: hidden_signal_pool(sizes.rows, seed),
    "made, whole trials": lambda sizes, _, seed: blocks_pool(sizes.rows, seed),
    "sieve, labels random": _sieved(over_all_rows),
    "sieve, within trials": _sieved(permuted_within_trials),
    "sieve, whole trials": _sieved(whole_trials),
}
"""A pool of each kind, from sizes, the number of a sieve, and the seed of its labels."""
