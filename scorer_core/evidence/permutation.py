"""Labels permuted, the same masks scored: what the best of a search looks like where there is nothing to find.

The sampler climbed the real labels, and under permuted ones it would have gone elsewhere; so this is
evidence about the masks that were tried, and no vote.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorer_core.evidence.masks import EvaluatedMasks

PERMUTATIONS = 2000
FEWEST = 200
ENOUGH_WORK = 1.5e10
"""Masks times rows times permutations: some 5 s on two cores. Above, there are fewer permutations."""
MOST_WORK = 1e11
"""Some 30 s: above, not even the fewest are made."""
_BLOCK = 250
_BLOCK_CELLS = 2**25
_BINS = 40
_QUANTILES = (0.05, 0.50, 0.95, 0.99)


@dataclass(frozen=True)
class Permuted:
    """The best of each of B labellings: objective and standardised count, shape (B,); the real counts, shape (T,)."""

    best_objective: NDArray[np.float64]
    largest_count: NDArray[np.float64]
    counts: NDArray[np.float64]


def affordable(masks: int, rows: int) -> int | None:
    """Return how many permutations so many masks on so many rows can have, None when too few to tell."""
    if not masks:
        return None
    count = max(FEWEST, int(min(PERMUTATIONS, ENOUGH_WORK // (masks * rows))))
    return count if count * masks * rows <= MOST_WORK else None


def permute(blocks: Iterable[EvaluatedMasks], minority: NDArray[np.bool_], permutations: int, seed: int) -> Permuted:
    """Score every mask for each of `permutations` random permutations of the labels, shape (n,), and for the labels."""
    best, largest = (np.full(permutations, -np.inf) for _ in range(2))
    counts = []
    step = max(1, min(_BLOCK, _BLOCK_CELLS // len(minority)))
    for masks in blocks:
        counts.append(masks.score(minority.astype(np.float32)[np.newaxis])[1][:, 0])
        rng = np.random.default_rng(seed)  # the same labellings for every block
        for start in range(0, permutations, step):
            part = slice(start, min(start + step, permutations))
            objectives, permuted_counts = masks.score(permuted_labels(minority, part.stop - start, rng))
            np.maximum(best[part], objectives.max(axis=0), out=best[part])
            np.maximum(largest[part], permuted_counts.max(axis=0), out=largest[part])
    return Permuted(best, largest, np.concatenate(counts))


def permuted_labels(minority: NDArray[np.bool_], count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return `count` random permutations of the labels, shape (count, n)."""
    labels = np.zeros((count, len(minority)), dtype=np.float32)
    drawn = int(np.count_nonzero(minority))
    for row in labels:
        row[rng.choice(len(minority), drawn, replace=False, shuffle=False)] = 1
    return labels


def null_of_best(permuted: Permuted, best: float) -> dict[str, Any]:
    """Place the run's best objective in the distribution of the best under permuted labels.

    The p-value counts the run itself: B. Phipson, G. K. Smyth, "Permutation p-values should never be
    zero", Stat. Appl. Genet. Mol. Biol. 9, 2010.
    """
    counts, edges = np.histogram(permuted.best_objective, bins=_BINS)
    return {
        "best": best,
        "permutations": len(permuted.best_objective),
        "p_value": _p_value(permuted.best_objective, best),
        "quantiles": {str(level): float(np.quantile(permuted.best_objective, level)) for level in _QUANTILES},
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
    }


def max_t(permuted: Permuted, candidate: float, largest: float) -> dict[str, Any]:
    """Return the single-step max-T p-values of the candidate and of the most extreme mask.

    P. H. Westfall, S. S. Young, "Resampling-Based Multiple Testing", Wiley 1993, section 2.5: each
    mask's count is compared with the largest over all masks, so that the search pays for every try.
    """
    return {
        "candidate": {"statistic": candidate, "p_value": _p_value(permuted.largest_count, candidate)},
        "largest": {"statistic": largest, "p_value": _p_value(permuted.largest_count, largest)},
    }


def _p_value(null: NDArray[np.float64], observed: float) -> float:
    return (1 + int(np.count_nonzero(null >= observed - 1e-9))) / (1 + len(null))
