"""The columns of a pool: what each survivor says of itself, and of the sieve trial that found it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.pools.lcg import PRNG_TYPE

CONSTANT, VARIABLE = 0, 1
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class TrialSettings:
    """How one sieve trial looked at the draws; the skips `skip_min` to `skip_max` are both included."""

    number: int
    window_size: int
    offset: int
    skip_min: int
    skip_max: int

    @property
    def matches_needed(self) -> int:
        """Return how many draws have to match: at least a quarter of the window."""
        return -(-self.window_size // 4)


@dataclass(frozen=True)
class Finds:
    """Survivors, one row each, arrays of shape (n,): `trial` is an index, the matches are numbers of draws."""

    seeds: NDArray[np.uint64]
    skip_mode: NDArray[np.uint8]
    trial: NDArray[np.intp]
    forward: NDArray[np.int64]
    reverse: NDArray[np.int64]

    def rows(self, index: NDArray[Any]) -> Finds:
        """Return the rows that `index` selects, in its order."""
        return Finds(
            self.seeds[index], self.skip_mode[index], self.trial[index], self.forward[index], self.reverse[index]
        )


@dataclass(frozen=True)
class Tallies:
    """How many seeds survived forward, reverse and both, by trial and skip mode: shape (trials, 2) each."""

    forward: NDArray[np.int64]
    reverse: NDArray[np.int64]
    both: NDArray[np.int64]


def score(finds: Finds, window_sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each find's score, from above 0 to 1: the mean of its forward and reverse match rates."""
    return (finds.forward + finds.reverse) / (2 * window_sizes[finds.trial])


def pool_columns(finds: Finds, trials: Sequence[TrialSettings], tallies: Tallies) -> Columns:
    """Return every column that Step 1 writes, each of shape (n,), in the order of `finds`.

    Match fields are rates. The counts are those of the pass (trial and skip mode) that found the
    seed, before a seed found twice is settled; with f, r and b the numbers of forward, reverse and
    bidirectional survivors, `intersection_ratio` is b / (f + r - b), `intersection_weight`
    b / (f + r), `bidirectional_selectivity` f / r and `survivor_overlap_ratio` b / f.
    """
    settings = np.array([(t.number, t.window_size, t.offset, t.skip_min, t.skip_max) for t in trials], dtype=np.int64)
    number, window_size, offset, skip_min, skip_max = settings[finds.trial].T
    forward = tallies.forward[finds.trial, finds.skip_mode]
    reverse = tallies.reverse[finds.trial, finds.skip_mode]
    both = tallies.both[finds.trial, finds.skip_mode]
    integers = {
        "trial_number": number,
        "window_size": window_size,
        "offset": offset,
        "skip_min": skip_min,
        "skip_max": skip_max,
        "skip_range": skip_max - skip_min,
        "forward_count": forward,
        "reverse_count": reverse,
        "bidirectional_count": both,
        "intersection_count": both,
        "forward_only_count": forward - both,
        "reverse_only_count": reverse - both,
    }
    ratios = {
        "forward_matches": finds.forward / window_size,
        "reverse_matches": finds.reverse / window_size,
        "intersection_ratio": both / (forward + reverse - both),
        "intersection_weight": both / (forward + reverse),
        "bidirectional_selectivity": forward / reverse,
        "survivor_overlap_ratio": both / forward,
        "score": score(finds, settings[:, 1]),
    }
    return {
        "seeds": finds.seeds,
        "skip_mode": finds.skip_mode,
        **{name: column.astype(np.int32) for name, column in integers.items()},
        **{name: column.astype(np.float32) for name, column in ratios.items()},
        "prng_type": np.full(len(finds.seeds), PRNG_TYPE),
    }
