"""Which pools need a sweep at all: every config of a small space counted by one product of matrices.

A decision in the reduced space costs 40 ms, most of it fixed, and studies of whole lives ask for tens of thousands.
Nothing is published unless p_space is at most α_j for some config, so the sweep and the gate are asked only where the
normal tail of the largest standardised count comes within a factor of that. The normal tail is below the exact one for
counts as skew as these; a test holds both together. The counting is another one than the sweep's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from bench.calibration.engines import SWEEP, spec_named
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import Reason, by_reason, combine
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.spec import RunSpec

_ROUND = 500
MARGIN = 2.0
"""The screen misses a config only where the normal tail is more than so many times the exact one."""


@dataclass(frozen=True)
class Looks:
    """How good a pool looks: ln of the smallest normal tail times the space, and the best objective."""

    log_p_space: float
    objective: float

    def may_be_real(self, level: float) -> bool:
        """Say whether some config may have p_space of at most a level."""
        return self.log_p_space <= math.log(level * MARGIN)


class Screen:
    """Counts what every config that a run's pins leave keeps of a pool whose seeds are below `population`."""

    def __init__(self, spec: RunSpec, population: int) -> None:
        policy = spec.mask_policy
        self._masks = masks_of(policy, spec.pinned, np.arange(population, dtype=np.uint64)).astype(np.float32)

    def __len__(self) -> int:
        return len(self._masks)

    def looks(self, pool: Pool) -> Looks:
        """Return how good a pool looks, labels compared within its Step 1 trials."""
        codes = np.unique(pool.trial_number, return_inverse=True)[1]
        rows = np.bincount(codes).astype(np.float64)
        minority = np.bincount(codes, weights=pool.minority)
        columns = np.zeros((self._masks.shape[1], len(rows) + 1), np.float32)
        columns[pool.seeds, codes] = 1.0
        columns[pool.seeds, -1] = pool.minority
        counts = (self._masks @ columns).astype(np.float64)
        kept, both = counts[:, :-1], counts[:, -1]
        total = kept.sum(axis=1)
        accepted = by_reason(total.astype(np.int64), len(pool))[Reason.OK]
        spread = minority * (rows - minority) / (rows * rows * np.maximum(rows - 1, 1))
        variance = (kept * (rows - kept)) @ spread
        excess = both - kept @ (minority / rows)
        z = np.where(accepted & (variance > 0), excess / np.sqrt(np.maximum(variance, 1e-12)), -np.inf)
        whole, few = np.array(float(len(pool))), np.array(float(minority.sum()))
        objective = combine(whole, few, np.maximum(total, 1.0), both, np.count_nonzero(kept, axis=1) / len(rows))
        log_tail = float(log_ndtr(-z.max())) if accepted.any() else 0.0
        return Looks(log_tail + math.log(len(z)), float(np.where(accepted, objective, -1.0).max()))


@lru_cache(maxsize=4)
def _screen(words: str, population: int) -> Screen:
    return Screen(spec_named(f"{SWEEP} {words}", 0), population)


def screen(engine: str, population: int) -> Screen:
    """Return the screen of the space that an engine searches, for pools of seeds below `population`."""
    return _screen(engine.partition(" ")[2], -(-population // _ROUND) * _ROUND)


def masks_of(policy: MaskPolicy, pinned: Params, seeds: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return the mask of every config that pins leave, in the order of a grid: shape (configs, n)."""
    names, grid = objective_params(policy), full_grid(policy, pinned)
    return np.array(
        [residue_mask(seeds, dict(zip(names, values, strict=True)), policy).kept for values in product(*grid.axes)]
    )
