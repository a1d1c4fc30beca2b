"""Why the sweep counts as it does: its kernel beside the two obvious ones, on the same configs.

All three count the kept rows and the kept minority of every config with one value of `residue_mod_3`;
what does not depend on that value is prepared outside the clock, for each of them. The counts of one value have
shape (reaches, mods_1, mods_2).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.sweep.counter import GridCounter
from scorer_core.scoring.sweep.grid import Grid, full_grid
from scorer_core.scoring.sweep.rows import Columns, SweepRows
from scorer_core.scoring.sweep.voters import voters_of


@dataclass(frozen=True)
class GridCounts:
    """Rows kept and minority rows kept by each config."""

    kept: NDArray[np.int64]
    minority_kept: NDArray[np.int64]


Kernel = Callable[[int], GridCounts]
ROWS = 25_000


def measure(size: Size) -> Result:
    """Measure each kernel on the same moduli, and compare their counts."""
    pool, grid = pool_of(size.of(ROWS, 2000)), full_grid(MaskPolicy.MAX_OFFSET)
    kernels: dict[str, tuple[Kernel, int]] = {
        "pairs once, the rest by products over the voters of V₃, by fold": (
            _ours(grid, pool),
            40,
        ),
        "one product over all rows": (_all_rows(grid, pool), 4),
        "bit-packing with a popcount": (_bit_packed(grid, pool), 2),
    }
    rates = {}
    for name, (kernel, moduli) in kernels.items():
        chosen = [int(modulus) for modulus in np.linspace(grid.moduli(3)[0], grid.moduli(3)[-1], size.of(moduli, 1))]
        started = time.perf_counter()
        counts = [kernel(modulus) for modulus in chosen]
        rates[name] = sum(one.kept.size for one in counts) / (time.perf_counter() - started)
        _compare(name, counts[0], kernels, chosen[0])
    ours = next(iter(rates.values()))
    told = "; ".join(f"{name} {rate / 1e6:.2f} ({ours / rate:.1f} times slower)" for name, rate in rates.items())
    what = f"million configs counted per second, one core, {len(pool):,} rows; equal counts"
    return Result((Line(what, told.replace(" (1.0 times slower)", "")),), rates)


def _compare(name: str, counts: GridCounts, kernels: dict[str, tuple[Kernel, int]], modulus: int) -> None:
    (first, _), *_ = kernels.values()
    ours = first(modulus)
    if not (np.array_equal(counts.kept, ours.kept) and np.array_equal(counts.minority_kept, ours.minority_kept)):
        raise RuntimeError(f"{name!r} counts otherwise for residue_mod_3 = {modulus}")


def _levels(grid: Grid, pool: Pool, moduli: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.stack([grid.levels(modulus)[pool.seeds % np.uint64(modulus)] for modulus in moduli])


def _ours(grid: Grid, pool: Pool) -> Kernel:
    rows = SweepRows.of(Columns.of(pool), grid.policy, held_bytes=2**30)
    counter = GridCounter(rows, grid)
    pairs, reaches = counter.pairs().counts, counter.chosen.reaches

    def count(modulus: int) -> GridCounts:
        third = counter.third(voters_of(rows, modulus, reaches[-1]), reaches).counts
        kept, minority_kept = (pairs + third).sum(axis=2).astype(np.int64).swapaxes(0, 1)
        return GridCounts(kept, minority_kept)

    return count


def _all_rows(grid: Grid, pool: Pool) -> Kernel:
    """With votes v, kept = Σ v₁(v₂ + v₃ − 2v₂v₃) + v₂v₃: one product of V₁ and a row of ones with V₂ and V₃ joined."""
    reaches = range(len(grid.reaches))
    levels_1, levels_2 = _levels(grid, pool, grid.moduli(1)), _levels(grid, pool, grid.moduli(2))
    ones = np.ones((1, len(pool)), dtype=np.float32)
    votes_1 = [np.concatenate(((levels_1 <= reach).astype(np.float32), ones)) for reach in reaches]
    stacked = [np.concatenate((votes, votes * pool.minority.astype(np.float32))) for votes in votes_1]
    votes_2 = [(levels_2 <= reach).astype(np.float32) for reach in reaches]

    def count(modulus: int) -> GridCounts:
        votes_3 = _levels(grid, pool, (modulus,))
        kept, minority_kept = [], []
        for reach in reaches:
            third = (votes_3 <= reach).astype(np.float32)
            both = votes_2[reach] * third
            either = votes_2[reach] + third - 2 * both
            with_1 = (stacked[reach] @ either.T).reshape(2, len(grid.moduli(1)) + 1, -1)[:, :-1]
            without = stacked[reach][[len(grid.moduli(1)), -1]] @ both.T
            kept.append(with_1[0] + without[0])
            minority_kept.append(with_1[1] + without[1])
        return GridCounts(np.stack(kept).astype(np.int64), np.stack(minority_kept).astype(np.int64))

    return count


def _bit_packed(grid: Grid, pool: Pool) -> Kernel:
    """64 rows to a word; `bitwise_count` needs numpy 2, so this is faster than rigs with numpy 1.24 could be."""
    reaches = range(len(grid.reaches))
    levels_1, levels_2 = _levels(grid, pool, grid.moduli(1)), _levels(grid, pool, grid.moduli(2))
    packed_1, packed_2 = ([_words(levels <= reach) for reach in reaches] for levels in (levels_1, levels_2))
    minority = _words(pool.minority[None, :])[0]

    def count(modulus: int) -> GridCounts:
        levels_3 = _levels(grid, pool, (modulus,))
        kept = np.zeros((len(reaches), len(grid.moduli(1)), len(grid.moduli(2))), dtype=np.int64)
        minority_kept = np.zeros_like(kept)
        for reach in reaches:
            third = _words(levels_3 <= reach)[0]
            both, either = packed_2[reach] & third, packed_2[reach] | third
            for line, first in enumerate(packed_1[reach]):
                mask = both | (first & either)
                kept[reach, line] = np.bitwise_count(mask).sum(axis=1)
                minority_kept[reach, line] = np.bitwise_count(mask & minority).sum(axis=1)
        return GridCounts(kept, minority_kept)

    return count


def _words(votes: NDArray[np.bool_]) -> NDArray[np.uint64]:
    padded = np.pad(votes, ((0, 0), (0, -votes.shape[1] % 64)))
    return np.packbits(padded, axis=1).view(np.uint64)
