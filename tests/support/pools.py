"""Tiny pools for tests, and the old system's golden answers. Standard library and numpy only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.survivors import Pool, pool_from_columns

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
GOLDEN_POOL = GOLDEN / "pool_6739.npz"

Columns = dict[str, NDArray[Any]]


def golden_vectors() -> list[dict[str, Any]]:
    """Return the 80 answers of the old system on the golden pool."""
    vectors: list[dict[str, Any]] = json.loads((GOLDEN / "v4_4_vectors.json").read_text(encoding="utf-8"))
    return vectors


def small_columns(n: int = 60, seed: int = 0, minority_share: float = 0.2) -> Columns:
    """Return the three required columns of a valid pool with `n` rows (at least 2), both classes present."""
    rng = np.random.default_rng(seed)
    skip_mode = (rng.random(n) < minority_share).astype(np.uint8)
    skip_mode[:2] = (0, 1)
    return {
        "seeds": rng.choice(50 * n, size=n, replace=False).astype(np.uint32),
        "skip_mode": rng.permutation(skip_mode),
        "trial_number": rng.integers(0, 17, size=n).astype(np.int32),
    }


def small_pool(n: int = 60, seed: int = 0, minority_share: float = 0.2) -> Pool:
    """Return a valid pool with `n` rows (at least 2), both classes present."""
    return pool_from_columns(small_columns(n, seed, minority_share), where="small pool")


def write_npz(path: Path, **columns: Any) -> Path:
    """Write columns as they are, good or bad, as Step 1 does; return the path."""
    np.savez(path, **columns)
    return path


def write_packed_npz(path: Path, **columns: Any) -> Path:
    """Write columns as they are, compressed; return the path."""
    np.savez_compressed(path, **columns)
    return path


def write_json(path: Path, columns: Columns) -> Path:
    """Write columns as a JSON list of records, `skip_mode` in words; return the path."""
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    for record in records:
        record["skip_mode"] = ("constant", "variable")[record["skip_mode"]]
    path.write_text(json.dumps(records), encoding="utf-8")
    return path
