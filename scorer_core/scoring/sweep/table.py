"""What all workers of a rig need of a pool, as one table: the columns, every row's levels, and the counts of V₁∧V₂."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from scorer_core.errors import TableError
from scorer_core.pool.folds import FOLDS
from scorer_core.pool.tables import Arrays, Shapes, map_table, table_bytes, write_table
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.sweep.counter import GridCounter, bulk_type
from scorer_core.scoring.sweep.layout import Layout
from scorer_core.scoring.sweep.rows import Columns, Sums, SweepRows

FORMAT = 1
"""Raised when what is in a table changes, or how: another version is made anew, never read."""
_COLUMNS = ("seeds", "codes", "minority", "place", "fold_starts", "shares")
_MOST_SEED_BYTES = 8

Progress = Callable[[str], None]


def make_table(
    path: Path, staging: Path, columns: Columns, policy: MaskPolicy, pool_sha256: str, progress: Progress
) -> None:
    """Make the table of a pool and a policy; `progress` is told in words how far it is.

    Raises:
        TableError: the disk has too little space.
    """
    layout = Layout(policy)
    shapes = _shapes(layout, len(columns), len(columns.shares), columns.seeds.dtype.itemsize)

    def fill(arrays: Arrays) -> None:
        for name in _COLUMNS:
            arrays[name][:] = getattr(columns, name)
        rows = SweepRows(layout, columns, None)
        tenths = 0
        for start, block in rows.blocks():
            arrays["levels"][start : start + len(block)] = block
            if 10 * start // len(rows) > tenths:
                tenths = 10 * start // len(rows)
                progress(f"levels of {start:,} of {len(rows):,} rows")
        progress("counting pairs")
        pairs = GridCounter(replace(rows, packed=arrays["levels"]), layout.grid).pairs()
        arrays["pair_counts"][:], arrays["pair_shares"][:] = pairs.counts, pairs.shares
        progress("writing")

    write_table(path, staging, _facts(policy, pool_sha256), shapes, fill)


def load_table(path: Path, policy: MaskPolicy, pool_sha256: str) -> SweepRows:
    """Map a table that was made for this pool and policy, and check it.

    Raises:
        TableError: it is not there, torn, altered, or another pool's, policy's or version's.
    """
    table = map_table(path)
    if dict(table.facts) != _facts(policy, pool_sha256):
        raise TableError(f"{path.name} says that it is of {dict(table.facts)}. Clear deploy_worker to make it again.")
    arrays = table.arrays
    columns = Columns(**{name: arrays[name] for name in _COLUMNS})
    return SweepRows(Layout(policy), columns, arrays["levels"], Sums(arrays["pair_counts"], arrays["pair_shares"]))


def size_of_table(rows: int, policy: MaskPolicy) -> int:
    """Return how many bytes a table of so many rows takes at most."""
    return table_bytes(_shapes(Layout(policy), rows, rows, _MOST_SEED_BYTES))


def _facts(policy: MaskPolicy, pool_sha256: str) -> Mapping[str, Any]:
    return {"format": FORMAT, "mask_policy": policy.value, "pool_sha256": pool_sha256}


def _shapes(layout: Layout, rows: int, trials: int, seed_bytes: int) -> Shapes:
    grid = layout.grid
    pairs = FOLDS, len(grid.moduli(1)), len(grid.moduli(2))
    bulk = "<f4" if bulk_type(rows) is np.float32 else "<f8"
    return {
        "seeds": (f"<u{seed_bytes}", (rows,)),
        "codes": ("<u4", (rows,)),
        "minority": ("|u1", (rows,)),
        "place": ("<u4", (rows,)),
        "fold_starts": ("<i8", (FOLDS + 1,)),
        "shares": ("<u2", (trials,)),
        "levels": ("|u1", (rows, layout.width)),
        "pair_counts": (bulk, (layout.reaches, 2, *pairs)),
        "pair_shares": ("<f8", (layout.reaches, *pairs)),
    }
