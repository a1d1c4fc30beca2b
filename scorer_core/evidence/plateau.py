"""Whether the best configs of a run are one finding or several: how much of what they keep is the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params

BEST = 10


def plateau(trials: Sequence[Trial], pool: Pool, policy: MaskPolicy) -> dict[str, Any] | None:
    """Return, of the ten best distinct configs, the trials and how much each overlaps with the best; None without two.

    The overlap of two masks is the rows that both keep over those that one of them keeps: P. Jaccard, New Phytologist
    11, 1912.
    """
    names = objective_params(policy)
    best: dict[tuple[object, ...], Trial] = {}
    for trial in sorted(
        (trial for trial in trials if trial.accepted), key=lambda one: (-one.score.objective, one.number)
    ):
        best.setdefault(tuple(trial.params[name] for name in names), trial)
    chosen = list(best.values())[:BEST]
    if len(chosen) < 2:
        return None
    first, *others = (residue_mask(pool.seeds, trial.params, policy).kept for trial in chosen)
    overlaps = [int(np.count_nonzero(first & one)) / int(np.count_nonzero(first | one)) for one in others]
    return {"trials": [trial.number for trial in chosen], "overlap_with_the_best": overlaps}
