"""What one config does on the holdout: the only look that anything takes at it."""

from __future__ import annotations

from dataclasses import dataclass

from scorer_core.gate.case import Champion
from scorer_core.gate.statistics import Counts, alpha_for_decision, lift, lift_lower_bound, power, tail_p_value
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import Reason, score
from scorer_core.scoring.space import MaskPolicy, Params


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
    """

    measured: Measured
    lower_bound: float
    p_value: float
    decision: int
    alpha: float
    alpha_j: float
    min_lift: float
    power: float


def measure(holdout: Pool, params: Params, policy: MaskPolicy) -> Measured:
    """Count and score one config on all holdout rows."""
    kept = residue_mask(holdout.seeds, params, policy).kept
    counts = Counts.from_mask(holdout, kept)
    scored = score(holdout, kept)
    return Measured(counts, lift(counts), scored.objective, scored.reason)


def measure_champion(holdout: Pool, champion: Champion | None) -> Measured | None:
    """Measure the published config on the same rows, under its own policy; None while there is none."""
    return None if champion is None else measure(holdout, champion.params, champion.mask_policy)


def run_test(measured: Measured, decision: int, alpha: float, min_lift: float) -> HoldoutTest:
    """Compute the exact test of a measured candidate: p-value, lower bound, and power at `min_lift`."""
    alpha_j = alpha_for_decision(alpha, decision)
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
