"""The pools of the studies, each made from seeds: without signal, or with a known one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.survivors import Pool, pool_from_columns
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.params import IntParam, Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params, search_space
from sim.pools import PoolKind, make_pool
from sim.pools.planted import DEFAULT_SIZE, MINORITY_SHARE, SEEDS_EXAMINED, TRIAL_NUMBERS, random_seeds

POLICY = MaskPolicy.MAX_OFFSET
PLANT_KEEPS = (0.03, 0.20)


@dataclass(frozen=True)
class Signal:
    """A config inside whose mask each row is minority with `lift` times the base rate, independently."""

    params: Params
    lift: float
    keep: float


def random_label_pool(rows: int, seed: int) -> Pool:
    """Return a pool whose labels are random."""
    return pool_from_columns(make_pool(PoolKind.NULL, rows, seed), where="null pool")


def sieve_within_trials(examined: int, bank_index: int, seed: int) -> Pool:
    """Return one of the bank's real sieve pools with its labels permuted anew within each Step 1 trial."""
    pool, rng = _sieve_pool(examined, bank_index), np.random.default_rng(seed)
    minority = np.empty_like(pool.minority)
    codes = np.unique(pool.trial_number, return_inverse=True)[1]
    minority[np.argsort(codes, kind="stable")] = pool.minority[np.lexsort((rng.random(len(pool)), codes))]
    return replace(pool, minority=minority)


def whole_trials_pool(rows: int, seed: int) -> Pool:
    """Return a pool whose Step 1 trials are blocks of residues, each with a share of the minority of its own.

    The shares have nothing to do with the seeds, but a mask that follows the residues follows the trials.
    """
    rng = np.random.default_rng(seed)
    seeds = random_seeds(rows, rng)
    trial = (seeds % np.uint64(TRIAL_NUMBERS)).astype(np.int64)
    shares = rng.beta(0.5, 0.5 * (1 - MINORITY_SHARE) / MINORITY_SHARE, TRIAL_NUMBERS)
    minority = rng.random(rows) < shares[trial]
    minority[:2] = (False, True)
    return Pool(seeds, minority, trial)


@lru_cache(maxsize=64)
def _sieve_pool(examined: int, seed: int) -> Pool:
    return pool_from_columns(make_pool(PoolKind.SIEVE, examined, seed), where="sieve pool")


def random_signal(lift: float, rows: int, rng: np.random.Generator) -> Signal:
    """Return a signal at a config drawn uniformly from those that keep 3 to 20 % of the seeds."""
    everything = population(rows)
    names = objective_params(POLICY)
    space = [param for param in search_space(POLICY) if param.name in names and isinstance(param, IntParam)]
    while True:
        params = {param.name: int(rng.integers(param.low, param.high, endpoint=True)) for param in space}
        keep = float(residue_mask(everything, params, POLICY).kept.mean())
        if PLANT_KEEPS[0] <= keep <= PLANT_KEEPS[1]:
            return Signal(params, lift, keep)


def signal_pool(signal: Signal, rows: int, rng: np.random.Generator) -> Pool:
    """Return a pool with a signal; each label is an own draw."""
    seeds = random_seeds(rows, rng)
    minority = rng.random(rows) < MINORITY_SHARE * relative_rates(signal, seeds)
    return Pool(seeds, minority, rng.integers(0, TRIAL_NUMBERS, rows))


def relative_rates(signal: Signal, seeds: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return each seed's probability to be minority over the base rate, shape (n,): its mean over all is 1."""
    inside = residue_mask(seeds, signal.params, POLICY).kept
    outside = (1.0 - signal.lift * signal.keep) / (1.0 - signal.keep)
    return np.where(inside, signal.lift, outside)


def true_lift(signal: Signal, params: Params, seeds: NDArray[np.uint64]) -> float:
    """Return the lift of a config on `seeds` in expectation over the labels; 0 when it keeps none.

    Exact, from the overlap of its mask with the signal's. On `population` it is the lift that the later steps would
    meet.
    """
    rates = relative_rates(signal, seeds)
    kept = residue_mask(seeds, params, POLICY).kept
    return float(rates[kept].mean() / rates.mean()) if kept.any() else 0.0


def population(rows: int) -> NDArray[np.uint64]:
    """Return every seed that a pool of so many rows is drawn from."""
    return np.arange(-(-rows * SEEDS_EXAMINED // DEFAULT_SIZE), dtype=np.uint64)
