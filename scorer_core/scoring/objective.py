"""The objective `enrichment`, version 4.4: one config, one set of rows, one number in [-1, 1].

Each rule and each term stands here once. `rejection` and `combine` take one mask or arrays of millions alike: a
trial asks for one, a sweep bounds all configs of a shard, the evidence scores every mask on permuted labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts

OBJECTIVE_VERSION = "enrichment-4.4"
REJECTED = -1.0
MIN_KEPT = 10
MIN_KEEP = 0.01
MAX_KEEP = 0.40
IDEAL_KEEP = 0.10
MAX_SIZE_PENALTY = 5.0
SHARE_FLOOR = 1e-6
ENRICH_WEIGHT, COVERAGE_WEIGHT, SIZE_WEIGHT = 0.70, 0.20, 0.10
KEEP_FLOOR = 1e-9

Value = TypeVar("Value", float, NDArray[np.float64])
"""One mask's value, or an array of them. One is computed by `math`: its bits are the same on every rig, while
numpy's logarithm of an array may differ in the last bit from one processor to another."""


class Reason(str, Enum):
    """Why a config has its objective: scored, or rejected and for what."""

    OK = "ok"
    TOO_SMALL = "too_small"
    KEEP_TOO_LOW = "keep_too_low"
    KEEP_TOO_HIGH = "keep_too_high"


@dataclass(frozen=True)
class Score:
    """The objective, its terms and its counts; the terms are None when the config was rejected.

    `counts` is None in a record of an earlier release, which did not write them.
    """

    objective: float
    subset_n: int
    keep: float
    reason: Reason
    enrich: float | None = None
    p_global: float | None = None
    p_sub: float | None = None
    coverage: float | None = None
    size_penalty: float | None = None
    counts: Counts | None = None


_REJECTIONS: tuple[tuple[Reason, Callable[[Any, int], Any]], ...] = (
    (Reason.TOO_SMALL, lambda kept, rows: kept < MIN_KEPT),
    (Reason.KEEP_TOO_LOW, lambda kept, rows: kept / rows < MIN_KEEP),
    (Reason.KEEP_TOO_HIGH, lambda kept, rows: kept / rows > MAX_KEEP),
)
"""The rules of rejection; the first that holds gives the reason."""


def by_reason(kept: NDArray[np.int64], rows: int) -> dict[Reason, NDArray[np.bool_]]:
    """Return, for each reason, which masks end with it, given how many of `rows` rows each keeps, of any shape."""
    left = np.ones(kept.shape, dtype=np.bool_)
    found = {}
    for reason, applies in _REJECTIONS:
        found[reason] = left & applies(kept, rows)
        left &= ~found[reason]
    return {Reason.OK: left, **found}


def rejection(kept: int, rows: int) -> Reason | None:
    """Return the first reason to reject a mask that keeps `kept` of `rows` rows, None when it is accepted."""
    return next((reason for reason, applies in _REJECTIONS if applies(kept, rows)), None)


def score(rows: Pool, kept: NDArray[np.bool_]) -> Score:
    """Score a mask `kept`, shape (n,), over `rows`, by the formula of docs/data-contracts.md."""
    return score_counts(
        Counts.from_mask(rows, kept),
        coverage=lambda: len(np.unique(rows.trial_number[kept])) / len(np.unique(rows.trial_number)),
    )


def score_counts(counts: Counts, coverage: Callable[[], float]) -> Score:
    """Score a mask by its counts, term by term; `coverage` is asked for only when the mask is not rejected."""
    keep = counts.kept / counts.rows
    reason = rejection(counts.kept, counts.rows)
    if reason is not None:
        return Score(objective=REJECTED, subset_n=counts.kept, keep=keep, reason=reason, counts=counts)
    p_global = share(counts.minority, counts.rows)
    p_sub = share(counts.minority_kept, counts.kept)
    covered = coverage()
    return Score(
        objective=combine(
            float(counts.rows), float(counts.minority), float(counts.kept), float(counts.minority_kept), covered
        ),
        subset_n=counts.kept,
        keep=keep,
        reason=Reason.OK,
        enrich=math.log(p_sub / p_global),
        p_global=p_global,
        p_sub=p_sub,
        coverage=covered,
        size_penalty=size_penalty(keep),
        counts=counts,
    )


def share(part: Value, whole: Value) -> Value:
    """Return a share of the minority, with the floor that keeps its logarithm a number."""
    return part / whole + SHARE_FLOOR


def combine(rows: Value, minority: Value, kept: Value, minority_kept: Value, coverage: Value) -> Value:
    """Return the objective of accepted masks: 0.70·tanh(ln ratio) + 0.20·coverage − 0.10·size penalty, in [-1, 1].

    It is given a mask's counts, as `Counts` has them, or arrays of each that broadcast. `ratio` is the minority's
    share among the kept rows over its share among all rows; tanh(ln q) is (q² − 1) / (q² + 1). With more coverage
    the objective must not fall: a sweep bounds it by the most coverage that so many kept rows can have.
    """
    keep = kept / rows
    ratio = share(minority_kept, kept) / share(minority, rows)
    squared = ratio * ratio
    enrichment = (squared - 1.0) / (squared + 1.0)
    weighted = ENRICH_WEIGHT * enrichment + COVERAGE_WEIGHT * coverage - SIZE_WEIGHT * size_penalty(keep)
    return _at_least(_at_most(weighted, 1.0), -1.0)


def size_penalty(keep: Value) -> Value:
    """Return how far the share of rows kept is from the ideal tenth, on a log scale."""
    return _at_most(abs(_log((keep + KEEP_FLOOR) / IDEAL_KEEP)), MAX_SIZE_PENALTY)


def _log(value: Value) -> Value:
    return math.log(value) if isinstance(value, float) else np.log(value)


def _at_most(value: Value, limit: float) -> Value:
    return min(value, limit) if isinstance(value, float) else np.minimum(value, limit)


def _at_least(value: Value, limit: float) -> Value:
    return max(value, limit) if isinstance(value, float) else np.maximum(value, limit)
