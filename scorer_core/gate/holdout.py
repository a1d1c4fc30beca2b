"""What one config does on the holdout: the only look that anything takes at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.gate.statistics import lift, lift_lower_bound, power, tail_p_value
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import Reason, score
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.spending import share_of


@dataclass(frozen=True)
class Measured:
    """A config on all holdout rows: its table of counts, its lift, its objective and why it has that."""

    counts: Counts
    lift: float
    objective: float
    reason: Reason


@dataclass(frozen=True)
class HoldoutTest:
    """The candidate's exact test on the holdout.

    `alpha` is the run's, `alpha_j` what this decision, number `decision` on the pool, may spend of it.
    `power` is the chance that a config with a true lift of `min_lift`, keeping as many rows, passes.
    `survivors_needed` is the size of pool at which that chance would be 80 %: worked out for an
    INCONCLUSIVE verdict alone, and None when no size would do.
    """

    measured: Measured
    lower_bound: float
    p_value: float
    decision: int
    alpha: float
    alpha_j: float
    min_lift: float
    power: float
    survivors_needed: int | None = None


def measure(holdout: Pool, params: Params, policy: MaskPolicy) -> Measured:
    """Count and score one config on all holdout rows."""
    return measure_mask(holdout, residue_mask(holdout.seeds, params, policy).kept)


def measure_mask(holdout: Pool, kept: NDArray[np.bool_]) -> Measured:
    """Count and score a mask `kept`, shape (n,), on all n holdout rows."""
    counts = Counts.from_mask(holdout, kept)
    scored = score(holdout, kept)
    return Measured(counts, lift(counts), scored.objective, scored.reason)


def run_test(measured: Measured, decision: int, alpha: float, min_lift: float) -> HoldoutTest:
    """Compute the exact test of a measured candidate: p-value, lower bound, and power at `min_lift`."""
    alpha_j = share_of(alpha, decision)
    return HoldoutTest(
        measured=measured,
        lower_bound=lift_lower_bound(measured.counts),
        p_value=tail_p_value(measured.counts),
        decision=decision,
        alpha=alpha,
        alpha_j=alpha_j,
        min_lift=min_lift,
        power=power(measured.counts, min_lift, alpha_j),
    )
