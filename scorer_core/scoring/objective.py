"""The objective `enrichment`, version 4.4: one config, one set of rows, one number in [-1, 1]."""

from __future__ import annotations

import math
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
_SHARE_FLOOR = 1e-6
_KEEP_FLOOR = 1e-9


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
    """Score a mask `kept`, shape (n,), over `rows`: the design's section 4, term by term."""
    n_kept = int(np.count_nonzero(kept))
    keep = n_kept / len(rows)
    reason = rejection(n_kept, keep)
    if reason is not None:
        return Score(objective=REJECTED, subset_n=n_kept, keep=keep, reason=reason)
    p_global = int(np.count_nonzero(rows.minority)) / len(rows) + _SHARE_FLOOR
    p_sub = int(np.count_nonzero(rows.minority & kept)) / n_kept + _SHARE_FLOOR
    enrich = math.log(p_sub / p_global)
    coverage = len(np.unique(rows.trial_number[kept])) / len(np.unique(rows.trial_number))
    size_penalty = min(abs(math.log((keep + _KEEP_FLOOR) / IDEAL_KEEP)), MAX_SIZE_PENALTY)
    weighted = 0.70 * math.tanh(enrich) + 0.20 * coverage - 0.10 * size_penalty
    return Score(
        objective=min(max(weighted, -1.0), 1.0),
        subset_n=n_kept,
        keep=keep,
        reason=Reason.OK,
        enrich=enrich,
        p_global=p_global,
        p_sub=p_sub,
        coverage=coverage,
        size_penalty=size_penalty,
    )
