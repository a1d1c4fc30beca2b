"""The masks that a search evaluated, as matrices: what they keep of the rows that each trial scored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.sampling import sample_rows
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import combine, score
from scorer_core.scoring.policies import MaskPolicy

Float32 = NDArray[np.float32]

BLOCK_CELLS = 10**8


@dataclass(frozen=True)
class EvaluatedMasks:
    """T accepted masks over n search rows, and the objective's coverage, shape (T,), which no label changes.

    `lines` holds three masks a trial, 0 or 1, shape (3, T, n): the rows that it scored, those of them
    that it keeps, and those that it keeps of all.
    """

    lines: Float32
    coverage: NDArray[np.float64]

    def score(self, labels: Float32) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return objectives and standardised counts for B labellings, labels of shape (B, n): (T, B) both.

        A standardised count is the minority kept of all rows, less its mean, over its deviation under
        chance, by the hypergeometric distribution; 0 for a mask that keeps no row, or all.
        """
        trials, rows = self.lines.shape[1:]
        products = self.lines.reshape(3 * trials, rows) @ labels.T
        scored, kept, kept_of_all = products.reshape(3, trials, -1).astype(np.float64)
        of_scored, of_kept, of_all = self.lines.sum(axis=2, dtype=np.float64)[:, :, np.newaxis]
        objectives = combine(of_scored, scored, of_kept, kept, self.coverage[:, np.newaxis])
        minority = labels.sum(axis=1, dtype=np.float64)
        mean = of_all * minority / rows
        variance = mean * (rows - of_all) / rows * (rows - minority) / max(rows - 1, 1)
        excess = kept_of_all - mean
        counts = np.divide(excess, np.sqrt(variance), out=np.zeros_like(excess), where=variance > 0)
        return objectives, counts


def mask_blocks(trials: Sequence[Trial], search: Pool, policy: MaskPolicy) -> Iterator[EvaluatedMasks]:
    """Yield the masks of the trials in order, as many at a time as fit into 400 MB; one block for most runs."""
    most = max(1, BLOCK_CELLS // (3 * len(search)))
    for first in range(0, len(trials), most):
        yield evaluated_masks(trials[first : first + most], search, policy)


def evaluated_masks(trials: Sequence[Trial], search: Pool, policy: MaskPolicy) -> EvaluatedMasks:
    """Compute the masks of accepted trials anew, each on the rows that its number prescribes."""
    lines = np.zeros((3, len(trials), len(search)), dtype=np.float32)
    coverage = np.zeros(len(trials))
    for line, trial in enumerate(trials):
        mask = residue_mask(search.seeds, trial.params, policy).kept
        chosen = sample_rows(len(search), trial.sample_size, trial.number)
        rows = np.arange(len(search)) if chosen is None else chosen
        lines[0, line, rows] = 1.0
        lines[1, line, rows[mask[rows]]] = 1.0
        lines[2, line, mask] = 1.0
        coverage[line] = score(search.rows(rows), mask[rows]).coverage or 0.0
    return EvaluatedMasks(lines, coverage)
