"""The lift of the ten finalists on search rows and on the holdout: how much of it was luck."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from scorer_core.gate.case import TrialFacts
from scorer_core.gate.holdout import measure
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy


def lift_curve(
    finalists: Sequence[TrialFacts], search: Pool, holdout: Pool | None, policy: MaskPolicy
) -> dict[str, Any]:
    """Return each finalist's lift on all search rows and on the holdout, best objective first.

    *Optimism* is the first less the second: B. Efron, "How biased is the apparent error rate of a
    prediction rule?", J. Am. Stat. Assoc. 81, 1986. Without a holdout its side is None.
    """
    finalists_told = [_told(trial, search, holdout, policy) for trial in finalists]
    optimism = [told["optimism"] for told in finalists_told if told["optimism"] is not None]
    return {"finalists": finalists_told, "mean_optimism": fmean(optimism) if optimism else None}


def _told(trial: TrialFacts, search: Pool, holdout: Pool | None, policy: MaskPolicy) -> dict[str, Any]:
    found = measure(search, trial.params, policy).lift
    held = None if holdout is None else measure(holdout, trial.params, policy).lift
    return {
        "trial": trial.number,
        "search_lift": found,
        "holdout_lift": held,
        "optimism": None if held is None else found - held,
    }
