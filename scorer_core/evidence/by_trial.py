"""Whether an enrichment is of all Step 1 trials or of a few: what the candidate keeps of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from scorer_core.gate.within_trials.strata import Mask, Strata
from scorer_core.pool.survivors import Pool

MOST = 20


def lift_by_trial(strata: Strata, mask: Mask, pool: Pool) -> dict[str, Any]:
    """Return what a mask, shape (n,), keeps of those MOST trials in which chance would keep most of the minority.

    Of all trials that have both labels and of which it keeps rows, `above` have a lift above 1. `strata` are by trial.
    """
    numbers, kept = np.unique(pool.trial_number), strata.margins(mask).kept
    minority_kept = np.bincount(strata.codes[mask & strata.labels], minlength=len(numbers))
    expected = kept * strata.minority / strata.rows
    tells = strata.mixed & (kept > 0)
    largest = sorted(np.flatnonzero(tells), key=lambda one: (-expected[one], numbers[one]))[:MOST]
    return {
        "trials": [
            {
                "trial": int(numbers[one]),
                "rows": int(strata.rows[one]),
                "kept": int(kept[one]),
                "minority_kept": int(minority_kept[one]),
                "expected": float(expected[one]),
            }
            for one in largest
        ],
        "with_both_labels": int(np.count_nonzero(tells)),
        "above": int(np.count_nonzero(minority_kept[tells] > expected[tells])),
    }
