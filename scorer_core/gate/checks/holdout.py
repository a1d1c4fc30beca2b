"""The checks of the candidate on the holdout."""

from __future__ import annotations

from typing import Any

from scorer_core.gate.champion import Comparison
from scorer_core.gate.checks.check import Check
from scorer_core.gate.holdout import HoldoutTest, Measured
from scorer_core.gate.statistics import CONFIDENCE
from scorer_core.scoring.objective import Reason


def check_real(test: HoldoutTest) -> Check:
    """Check that chance alone would hardly keep as many minority rows of the holdout."""
    counts = test.measured.counts
    passed = test.p_value <= test.alpha_j
    meaning = (
        f"Of {counts.kept} holdout rows kept, {counts.minority_kept} are minority where chance would keep "
        f"{counts.expected:.1f}; that happens by chance with {_p(test.p_value)}, "
        f"{'within' if passed else 'above'} the {test.alpha_j:.2g} allowed for decision {test.decision} on this pool."
    )
    return Check(
        name="real",
        passed=passed,
        observed={"p_value": test.p_value, "kept": counts.kept, "minority_kept": counts.minority_kept},
        needed={"p_value_at_most": test.alpha_j},
        meaning=meaning,
    )


def check_worth_it(test: HoldoutTest) -> Check:
    """Check that the holdout lift is large enough, and above 1 beyond doubt."""
    lift, bound = test.measured.lift, test.lower_bound
    seen = f"The holdout lift is {lift:.3f}, at least {bound:.3f} with {CONFIDENCE:.0%} confidence"
    if lift < test.min_lift:
        meaning = f"{seen}: less than the {test.min_lift:g} that is worth publishing."
    elif bound <= 1:
        meaning = f"{seen}: it may be no lift at all."
    else:
        meaning = f"{seen}: more than the {test.min_lift:g} that is worth publishing."
    return Check(
        name="worth_it",
        passed=lift >= test.min_lift and bound > 1,
        observed={"lift": lift, "lower_bound": bound},
        needed={"lift_at_least": test.min_lift, "lower_bound_above": 1.0},
        meaning=meaning,
    )


def check_better(candidate: Measured, champion: Measured | None, comparison: Comparison | None = None) -> Check:
    """Check that the candidate has a strictly greater objective than the champion on the same holdout."""
    observed: dict[str, Any] = {"objective": candidate.objective, "reason": candidate.reason.value}
    if champion is None:
        return Check("better", True, observed, None, "There is no published config to beat.")
    accepted = candidate.reason is Reason.OK
    passed = accepted and candidate.objective > champion.objective
    if passed:
        verb = "beats"
    elif not accepted:
        verb = f"is rejected there ({candidate.reason.value}), so it does not beat"
    else:
        verb = "only equals" if candidate.objective == champion.objective else "does not beat"
    meaning = (
        f"On the same holdout the candidate (objective {candidate.objective:.4f}, lift {candidate.lift:.3f}) {verb} "
        f"the published config (objective {champion.objective:.4f}, lift {champion.lift:.3f})."
    )
    if comparison is not None:
        observed["p_value_of_the_rows_that_differ"] = comparison.p_value
        meaning = f"{meaning} {comparison.meaning}"
    return Check("better", passed, observed, {"objective_above": champion.objective}, meaning)


def _p(value: float) -> str:
    """Return a p-value in words; the smallest ones are below what a float can hold."""
    return f"p = {value:.2g}" if value > 0 else "p < 1e-300"
