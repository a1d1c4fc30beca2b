"""The objective `enrichment`, version 4.4: one config, one set of rows, one number in [-1, 1]."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.survivors import Pool

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


class Reason(str, Enum):
    """Why a config has its objective: scored, or rejected and for what."""

    OK = "ok"
    TOO_SMALL = "too_small"
    KEEP_TOO_LOW = "keep_too_low"
    KEEP_TOO_HIGH = "keep_too_high"


@dataclass(frozen=True)
class Score:
    """The objective and its terms; the terms are None when the config was rejected."""

    objective: float
    subset_n: int
    keep: float
    reason: Reason
    enrich: float | None = None
    p_global: float | None = None
    p_sub: float | None = None
    coverage: float | None = None
    size_penalty: float | None = None


def rejection(kept: int, keep: float) -> Reason | None:
    """Return the first reason to reject a mask that keeps `kept` rows, a share `keep`, if any."""
    if kept < MIN_KEPT:
        return Reason.TOO_SMALL
    if keep < MIN_KEEP:
        return Reason.KEEP_TOO_LOW
    if keep > MAX_KEEP:
        return Reason.KEEP_TOO_HIGH
    return None


def score(rows: Pool, kept: NDArray[np.bool_]) -> Score:
    """Score a mask `kept`, shape (n,), over `rows`: the design's section 4."""
    return score_counts(
        rows=len(rows),
        minority=int(np.count_nonzero(rows.minority)),
        kept=int(np.count_nonzero(kept)),
        minority_kept=int(np.count_nonzero(rows.minority & kept)),
        coverage=lambda: len(np.unique(rows.trial_number[kept])) / len(np.unique(rows.trial_number)),
    )


def score_counts(*, rows: int, minority: int, kept: int, minority_kept: int, coverage: Callable[[], float]) -> Score:
    """Score a mask by its counts, term by term; `coverage` is asked for only when the mask is not rejected."""
    keep = kept / rows
    reason = rejection(kept, keep)
    if reason is not None:
        return Score(objective=REJECTED, subset_n=kept, keep=keep, reason=reason)
    p_global = minority / rows + SHARE_FLOOR
    p_sub = minority_kept / kept + SHARE_FLOOR
    enrich = math.log(p_sub / p_global)
    size_penalty = penalty(keep)
    covered = coverage()
    weighted = ENRICH_WEIGHT * math.tanh(enrich) + COVERAGE_WEIGHT * covered - SIZE_WEIGHT * size_penalty
    return Score(
        objective=min(max(weighted, -1.0), 1.0),
        subset_n=kept,
        keep=keep,
        reason=Reason.OK,
        enrich=enrich,
        p_global=p_global,
        p_sub=p_sub,
        coverage=covered,
        size_penalty=size_penalty,
    )


def penalty(keep: float) -> float:
    """Return how far the share of rows kept is from the ideal tenth, on a log scale."""
    return min(abs(math.log((keep + KEEP_FLOOR) / IDEAL_KEEP)), MAX_SIZE_PENALTY)
