"""Pools with a known answer: minority labels planted inside one config's mask (`planted`), or nowhere (`null`)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.errors import InputError
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
from sim.pools.fields import Columns, Finds, Tallies, pool_columns
from sim.pools.sieve import random_settings

DEFAULT_SIZE = 44_647
SEEDS_EXAMINED = 50_000  # for DEFAULT_SIZE survivors; other sizes keep the proportion
MINORITY_SHARE = 0.081
TRIAL_NUMBERS = 17
STEP_1_TRIALS = 100  # the trial numbers are below this
# Nothing beats the planted mask, which keeps a tenth of the seeds: the objective likes that best, so that a part of it,
# or more than it, scores less though a part may have the same lift. The second modulus decides: 54 is a multiple of the
# first, so that a seed that passes `seed mod 54 < 5` passes `seed mod 6 < 5` too. The third adds a tenth of the kept
# rows, which tell it from its neighbours. Many other configs (second modulus 72, 81, 90, 108, 126, 144) keep seeds that
# are in this mask more often than by chance: the climb to the top has steps.
PLANTED_POLICY = MaskPolicy.MAX_OFFSET
PLANTED_PARAMS: Params = completed(
    {"residue_mod_1": 6, "residue_mod_2": 54, "residue_mod_3": 500, "max_offset": 5}, PLANTED_POLICY
)
DEFAULT_LIFT = 4.0  # 9.9 is about the most that this mask can hold


@dataclass(frozen=True)
class Plant:
    """Where labels are enriched, and how much: minority share in the mask over that of the pool."""

    params: Params
    policy: MaskPolicy
    lift: float


DEFAULT_PLANT = Plant(PLANTED_PARAMS, PLANTED_POLICY, DEFAULT_LIFT)


def planted_pool(size: int, rng: np.random.Generator, plant: Plant = DEFAULT_PLANT) -> Columns:
    """Return `size` survivors, 8.1 % of them minority, with the plant's lift inside its mask.

    Raises:
        InputError: no labels of that share have such a lift.
    """
    seeds = random_seeds(size, rng)
    kept = residue_mask(seeds, completed(plant.params, plant.policy), plant.policy).kept
    return _with_fields(seeds, planted_labels(kept, plant.lift, rng), rng)


def null_pool(size: int, rng: np.random.Generator) -> Columns:
    """Return `size` survivors, 8.1 % of them minority, in random rows."""
    seeds = random_seeds(size, rng)
    labels = np.zeros(size, dtype=np.uint8)
    labels[rng.choice(size, minority_count(size), replace=False)] = 1
    return _with_fields(seeds, labels, rng)


def minority_count(size: int) -> int:
    """Return how many of `size` survivors are minority."""
    return round(MINORITY_SHARE * size)


def random_seeds(size: int, rng: np.random.Generator) -> NDArray[np.uint64]:
    """Return `size` distinct seeds, ascending: of 50,000 as many as the default size, in proportion."""
    examined = -(-size * SEEDS_EXAMINED // DEFAULT_SIZE)
    return np.sort(rng.choice(examined, size, replace=False)).astype(np.uint64)


def planted_labels(kept: NDArray[np.bool_], lift: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return labels of shape (n,), minority 1, whose share among `kept` is `lift` times that of all rows.

    The two counts are exact, to rounding; which rows they fall on is random.

    Raises:
        InputError: the lift is below 1, or above what the mask can hold.
    """
    size, n_kept, minority = len(kept), int(np.count_nonzero(kept)), minority_count(len(kept))
    if n_kept == 0:
        raise InputError(f"the planted mask keeps none of the {size} seeds. Ask for a larger pool.")
    highest = size / max(n_kept, minority)  # all minority rows are in the mask, or all rows of the mask are minority
    if not 1 <= lift <= highest:
        raise InputError(
            f"lift {lift:g} cannot be planted: the mask keeps {n_kept} of {size} seeds, {minority} are minority, "
            f"so that the lift must be from 1 to {math.floor(highest * 1000) / 1000:g}."
        )
    inside = round(lift * minority / size * n_kept)
    labels = np.zeros(size, dtype=np.uint8)
    labels[rng.choice(np.flatnonzero(kept), inside, replace=False)] = 1
    labels[rng.choice(np.flatnonzero(~kept), minority - inside, replace=False)] = 1
    return labels


def _with_fields(seeds: NDArray[np.uint64], labels: NDArray[np.uint8], rng: np.random.Generator) -> Columns:
    """Add the other fields: random, yet such as a sieve could have written."""
    numbers = np.sort(rng.choice(STEP_1_TRIALS, TRIAL_NUMBERS, replace=False))
    trials = [random_settings(int(number), rng) for number in numbers]
    trial = rng.integers(TRIAL_NUMBERS, size=len(seeds))
    needed = np.array([settings.matches_needed for settings in trials])[trial]
    window_size = np.array([settings.window_size for settings in trials])[trial]
    forward, reverse = (rng.integers(needed, window_size, endpoint=True) for _ in range(2))
    both = np.zeros((TRIAL_NUMBERS, 2), dtype=np.int64)
    np.add.at(both, (trial, labels), 1)
    forward_only, reverse_only = (rng.integers(2 * both, endpoint=True) for _ in range(2))
    tallies = Tallies(forward=both + forward_only, reverse=both + reverse_only, both=both)
    return pool_columns(Finds(seeds, labels, trial, forward, reverse), trials, tallies)
