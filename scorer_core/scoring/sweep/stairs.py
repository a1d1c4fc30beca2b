"""What some configs are known to reach, in objective and evidence at once: stairs that a config on a front climbs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scorer_core.scoring.sweep.candidates import MARGIN
from scorer_core.scoring.sweep.rows import Float64


class Stairs:
    """The best objectives known, by falling evidence."""

    def __init__(self) -> None:
        self._evidence, self._objective = np.empty(0), np.empty(0)

    def add(self, evidence: Float64, objective: Float64) -> None:
        """Take what some configs reach at least, of shape (n,) each; forget those that another one beats."""
        evidence, objective = np.append(self._evidence, evidence), np.append(self._objective, objective)
        order = np.lexsort((-objective, -evidence))
        evidence, objective = evidence[order], objective[order]
        before = np.maximum.accumulate(np.append(-np.inf, objective[:-1]))
        self._evidence, self._objective = evidence[objective > before], objective[objective > before]

    def beat(self, evidence: Float64, objective: Float64) -> NDArray[np.bool_]:
        """Say which configs, of at most that evidence and objective, shape (n,) each, another surely beats in both."""
        if not len(self._evidence):
            return np.zeros(len(evidence), np.bool_)
        more = np.searchsorted(-self._evidence, -(evidence + MARGIN * (1 + evidence)))
        return (more > 0) & (self._objective[np.maximum(more - 1, 0)] > objective)
