"""The pools of the studies that have a known signal, and the truth about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.params import IntParam, Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params, search_space
from sim.pools.planted import DEFAULT_SIZE, MINORITY_SHARE, SEEDS_EXAMINED, TRIAL_NUMBERS, random_seeds

POLICY = MaskPolicy.MAX_OFFSET
PLANT_KEEPS = (0.03, 0.20)


@dataclass(frozen=True)
class Signal:
    """A config inside whose mask each row is minority with `lift` times the base rate, independently."""

    params: Params
    lift: float
    keep: float


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
