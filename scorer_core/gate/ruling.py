"""The verdict on the whole pool: which of four answers the checks give, and what a pool of another size could show."""

from __future__ import annotations

from collections.abc import Sequence

from scorer_core.gate.checks.check import Check
from scorer_core.gate.verdict import Verdict
from scorer_core.gate.within_trials.planning import CHANCE, Planner

_PROOF = ("real", "worth_it")


def verdict_of(checks: Sequence[Check], largest_lift: float | None, min_lift: float) -> Verdict:
    """Return the answer.

    REJECT is firm: a whole sweep of all rows (`largest_lift`, U, is known) leaves no config that keeps a tenth of the
    rows and may have a lift of `min_lift`. No multiplicity is to be paid for excluding all: R. L. Berger, Technometrics
    24, 1982.
    """
    passed = {check.name: check.passed for check in checks}
    if all(passed.values()):
        return Verdict.PUBLISH
    if all(passed for name, passed in passed.items() if name != "better"):
        return Verdict.KEEP_CHAMPION
    proven_in_vain = passed.get("real") is not None and not all(passed[name] for name in _PROOF)
    if proven_in_vain and largest_lift is not None and largest_lift < min_lift:
        return Verdict.REJECT
    return Verdict.INCONCLUSIVE


def what_is_excluded(verdict: Verdict, largest_lift: float | None, min_lift: float) -> str:
    """Return a sentence on what the pool excludes; an empty one where that does not matter, or is not known."""
    if largest_lift is None or verdict in (Verdict.PUBLISH, Verdict.KEEP_CHAMPION):
        return ""
    told = f"Lifts above {largest_lift:.3f} are excluded for every config that keeps a tenth of the rows or more"
    if verdict is Verdict.REJECT:
        return f"{told}: none reaches {min_lift:g}."
    return f"{told}."


def what_would_tell(planner: Planner, rows: int) -> str:
    """Return a sentence on the size of pool that would show a lift, for a pool of `rows` rows that did not."""
    chance = f"with a probability of {CHANCE:.0%}"
    needed = planner.rows_needed()
    if needed is None:
        return f"No larger pool like this one could show a lift of {planner.lift:.2f} {chance}."
    if needed <= rows:
        return (
            f"A lift of {planner.lift:.2f} would have shown {chance} in {needed:,} rows like these: a smaller one "
            "may be there, or the config that has it was not tried."
        )
    return (
        f"To show a lift of {planner.lift:.2f} {chance}, about {needed:,} rows like these are needed, "
        f"{needed - rows:,} more."
    )
