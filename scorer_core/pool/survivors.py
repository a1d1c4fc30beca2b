"""The pool of survivor seeds: its fields, its validation, its identity."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorer_core.errors import PoolError
from scorer_core.pool.files import columns_of, read_columns

REQUIRED_FIELDS = ("seeds", "skip_mode", "trial_number")
OPTIONAL_FIELDS = (
    "forward_matches",
    "reverse_matches",
    "window_size",
    "offset",
    "skip_min",
    "skip_max",
    "skip_range",
    "forward_count",
    "reverse_count",
    "bidirectional_count",
    "intersection_count",
    "intersection_ratio",
    "intersection_weight",
    "bidirectional_selectivity",
    "forward_only_count",
    "reverse_only_count",
    "survivor_overlap_ratio",
    "score",
    "prng_type",
)


@dataclass(frozen=True)
class Pool:
    """Survivors, one row each; every array has shape (n,).

    `seeds` are unique non-negative integers, `minority` is true where `skip_mode` is 1 (variable),
    `trial_number` is the Step 1 trial that found the seed. `extras` are carried along unread.
    """

    seeds: NDArray[np.uint64]
    minority: NDArray[np.bool_]
    trial_number: NDArray[np.int64]
    extras: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.seeds)

    def rows(self, index: NDArray[Any]) -> Pool:
        """Return the rows that `index` (integers or a boolean mask) selects, without the extras."""
        return Pool(self.seeds[index], self.minority[index], self.trial_number[index])

    @property
    def minority_share(self) -> float:
        """Return the share of minority rows, between 0 and 1."""
        return float(np.count_nonzero(self.minority)) / len(self)

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns of a pool file, without the extras; `pool_from_columns` reads them back."""
        return {"seeds": self.seeds, "skip_mode": self.minority.astype("u1"), "trial_number": self.trial_number}


def load_pool(path: Path) -> Pool:
    """Read and validate a pool from an NPZ file or a JSON list of records.

    Raises:
        PoolError: the file is missing, unreadable, or breaks the contract of the pool's fields.
    """
    return pool_from_columns(read_columns(path), where=path.name)


def pool_from_bytes(content: bytes, where: str) -> Pool:
    """Read and validate a pool from the content of its file; `where` is the file's name.

    Raises:
        PoolError: the content is unreadable, or breaks the contract of the pool's fields.
    """
    return pool_from_columns(columns_of(io.BytesIO(content), where), where)


def pool_from_columns(columns: Mapping[str, NDArray[Any]], where: str) -> Pool:
    """Validate named columns and build a pool; `where` names the source in errors.

    Raises:
        PoolError: a required field is missing or a column breaks the contract.
    """
    missing = [name for name in REQUIRED_FIELDS if name not in columns]
    if missing:
        raise PoolError(
            f"{where}: required field {', '.join(missing)} is missing (it has: "
            f"{', '.join(sorted(columns)) or 'none'}). Write the pool again with Step 1."
        )
    lengths = {name: _length(name, column, where) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        raise PoolError(
            f"{where}: fields have unequal lengths: "
            + ", ".join(f"{name} {length}" for name, length in sorted(lengths.items()))
            + ". Each field needs one value per survivor."
        )
    if lengths["seeds"] == 0:
        raise PoolError(f"{where}: the pool is empty. Step 1 found no survivors; widen its search.")
    for name, column in columns.items():
        _refuse_nan(name, column, where)
    return Pool(
        seeds=_seeds(columns["seeds"], where),
        minority=_minority(columns["skip_mode"], where),
        trial_number=_trial_numbers(columns["trial_number"], where),
        extras={name: columns[name] for name in OPTIONAL_FIELDS if name in columns},
    )


def content_id(pool: Pool) -> str:
    """Return the SHA-256 of what the pool says, whatever the row order, file name or compression.

    Only what the gate's decision depends on counts: seed, label and trial number of each row.
    """
    order = np.argsort(pool.seeds, kind="stable")
    digest = hashlib.sha256(b"survivor-pool-v1")
    for column, dtype in ((pool.seeds, "<u8"), (pool.minority, "u1"), (pool.trial_number, "<i8")):
        digest.update(np.ascontiguousarray(column[order].astype(dtype)).tobytes())
    return digest.hexdigest()


def _length(name: str, column: NDArray[Any], where: str) -> int:
    if column.ndim != 1:
        raise PoolError(f"{where}: field {name} has {column.ndim} dimensions; it needs exactly one.")
    return len(column)


def _refuse_nan(name: str, column: NDArray[Any], where: str) -> None:
    if column.dtype.kind not in "fcmM":
        return
    what = "is not a time (NaT)" if column.dtype.kind in "mM" else "is not finite (NaN or infinite)"
    bad = np.flatnonzero(np.isnat(column) if column.dtype.kind in "mM" else ~np.isfinite(column))
    if len(bad):
        raise PoolError(
            f"{where}: field {name} {what} in {len(bad)} rows, first row {bad[0]}. Repair or drop these rows."
        )


def _seeds(column: NDArray[Any], where: str) -> NDArray[np.uint64]:
    if column.dtype.kind not in "iu":
        raise PoolError(f"{where}: seeds have type {column.dtype}; they need to be integers.")
    if column.dtype.kind == "i" and int(column.min()) < 0:
        row = int(np.argmin(column))
        raise PoolError(f"{where}: seeds must not be negative; row {row} holds {int(column[row])}.")
    seeds = column.astype(np.uint64)
    unique, counts = np.unique(seeds, return_counts=True)
    if len(unique) != len(seeds):
        first = int(unique[counts > 1][0])
        raise PoolError(
            f"{where}: {len(seeds) - len(unique)} duplicate seeds, the first is {first}. "
            "Keep one row per seed (the better score)."
        )
    return seeds


def _minority(column: NDArray[Any], where: str) -> NDArray[np.bool_]:
    if column.dtype.kind in "US":
        constant, variable = np.array(["constant", "variable"]).astype(column.dtype.kind)
        known = (column == constant) | (column == variable)
        if not known.all():
            unknown = column[~known].tolist()[0]
            raise PoolError(f"{where}: skip_mode {unknown!r} is not known; use constant or variable.")
        minority = column == variable
    else:
        if column.dtype.kind not in "iub" or not np.isin(column, (0, 1)).all():
            raise PoolError(f"{where}: skip_mode must be 0 (constant) or 1 (variable) in every row.")
        minority = column.astype(np.bool_)
    if minority.all() or not minority.any():
        label = "variable" if minority.all() else "constant"
        raise PoolError(
            f"{where}: skip_mode is {label} in every row; enrichment needs both classes. "
            "Run Step 1 with both skip modes."
        )
    return np.asarray(minority, dtype=np.bool_)


def _trial_numbers(column: NDArray[Any], where: str) -> NDArray[np.int64]:
    if column.dtype.kind not in "iu":
        raise PoolError(f"{where}: trial_number has type {column.dtype}; it needs to be an integer.")
    if column.dtype.kind == "u" and int(column.max()) >= 2**63:
        row = int(np.argmax(column))
        raise PoolError(f"{where}: trial_number must be below 2**63; row {row} holds {int(column[row])}.")
    return column.astype(np.int64)
