"""The verdict: a case in, checks, one of four answers out, with its numbers and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scorer_core.errors import assert_never
from scorer_core.gate.candidate import Candidate, choose_candidate
from scorer_core.gate.case import Case
from scorer_core.gate.champion import Comparison, Standing, compare, stand
from scorer_core.gate.checks.check import Check, not_evaluated
from scorer_core.gate.checks.table import (
    CHECK_NAMES,
    VOTES,
    OnHoldout,
    Vote,
    checks_of_candidate,
    checks_of_trials,
    checks_on_holdout,
)
from scorer_core.gate.decision import Decision
from scorer_core.gate.holdout import HoldoutTest, Measured, measure, run_test
from scorer_core.gate.planning import survivors_needed
from scorer_core.gate.verdict import Verdict, row_of
from scorer_core.spending import share_of

ENOUGH_POWER = 0.80


def decide(case: Case) -> Decision:
    """Decide whether the run's best config may replace the published one.

    The first checks look at the trials, then one at the search rows; only when all of them pass is the holdout read,
    by the candidate and the champion alone. The same case always gives the same decision.
    """
    early, candidate = _before_the_holdout(case)
    if candidate is None:
        return _decision(case, Verdict.REJECT, early, _reason_without_holdout(early))
    rules = case.rules
    measured = measure(case.holdout, candidate.params, rules.mask_policy)
    test = run_test(measured, case.decision, rules.alpha, rules.min_lift)
    champion, comparison = _challenge(case, candidate, measured)
    published = None if champion is None else champion.measured
    late = checks_on_holdout(OnHoldout(test, published, comparison))
    verdict = verdict_of(late, test.power)
    if verdict is Verdict.INCONCLUSIVE:
        needed = survivors_needed(measured.counts, rules.min_lift, rules.alpha, ENOUGH_POWER)
        test = replace(test, survivors_needed=needed)
    reason = _reason(verdict, candidate, test, late, len(case.search) + len(case.holdout))
    if champion is not None and champion.stale:
        reason = f"{reason} {champion.describe()}"
    if case.champion is not None:
        reason = " ".join((reason, *case.champion.notes))
    return _decision(case, verdict, (*early, *late), reason, candidate, test, champion, comparison)


def verdict_of(late: Sequence[Check], power: float) -> Verdict:
    """Return the verdict of the checks on the holdout: the first that fails votes, given the power at `min_lift`."""
    vote = next((VOTES[check.name] for check in late if not check.passed), None)
    if vote is None:
        return Verdict.PUBLISH
    if vote is Vote.KEEP:
        return Verdict.KEEP_CHAMPION
    if vote is Vote.REJECT:
        return Verdict.REJECT
    if vote is Vote.UNPROVEN:
        return Verdict.REJECT if power >= ENOUGH_POWER else Verdict.INCONCLUSIVE
    assert_never(vote)


def _challenge(case: Case, candidate: Candidate, measured: Measured) -> tuple[Standing | None, Comparison | None]:
    """Return what the published config is worth on the holdout, and how the candidate compares with it."""
    if case.champion is None:
        return None, None
    standing = stand(case.holdout, case.champion)
    policy = case.rules.mask_policy
    return standing, compare(case.holdout, candidate.params, policy, measured, case.champion, standing)


def _before_the_holdout(case: Case) -> tuple[tuple[Check, ...], Candidate | None]:
    """Return every check and None when one before the holdout fails, else those before it and the candidate."""
    rules, trials = case.rules, case.trials
    checks = checks_of_trials(rules, trials)
    candidate = None
    if all(check.passed for check in checks):
        candidate = choose_candidate(trials, case.search, rules.mask_policy)
        checks += checks_of_candidate(candidate)
    if candidate is None:
        because = next(check.name for check in checks if not check.passed)
        checks += [not_evaluated(name, because) for name in CHECK_NAMES[len(checks) :]]
    return tuple(checks), candidate


def _decision(
    case: Case,
    verdict: Verdict,
    checks: tuple[Check, ...],
    reason: str,
    candidate: Candidate | None = None,
    test: HoldoutTest | None = None,
    champion: Standing | None = None,
    comparison: Comparison | None = None,
) -> Decision:
    alpha = case.rules.alpha
    alpha_j = share_of(alpha, case.decision)
    return Decision(verdict, reason, checks, case.decision, alpha, alpha_j, candidate, test, champion, comparison)


def _reason_without_holdout(checks: Sequence[Check]) -> str:
    failed = " ".join(check.meaning for check in checks if check.passed is False)
    return f"Nothing is published, and the holdout was not looked at. {failed}"


def _reason(verdict: Verdict, candidate: Candidate, test: HoldoutTest, late: Sequence[Check], survivors: int) -> str:
    """Return a paragraph: what follows, what the checks mean, and what the holdout could have shown."""
    config = f"the config of trial {candidate.trial_number}"
    row = row_of(verdict)
    opening = row.opening.format(config=config)
    told = late if row.enriched else [check for check in late if VOTES[check.name] is not Vote.KEEP]
    return " ".join((opening, *(check.meaning for check in told), *_about_power(verdict, test, survivors)))


def _about_power(verdict: Verdict, test: HoldoutTest, survivors: int) -> tuple[str, ...]:
    counts = test.measured.counts
    chance = f"a lift of {test.min_lift:g} with a probability of {test.power:.1%}"
    rows = f"the holdout of {counts.rows} rows ({counts.minority} of them minority, {counts.kept} kept)"
    match verdict:
        case Verdict.PUBLISH | Verdict.KEEP_CHAMPION:
            return ()
        case Verdict.REJECT:
            return (f"The answer is firm: {rows} would have shown {chance}.",)
        case Verdict.INCONCLUSIVE:
            needs = f"{ENOUGH_POWER:.0%} is asked for: {_larger_pool(test, survivors)}"
            return (f"{rows[0].upper()}{rows[1:]} could show {chance} only, where {needs}",)
        case _:
            assert_never(verdict)


def _larger_pool(test: HoldoutTest, survivors: int) -> str:
    """Say how many more survivors could tell."""
    if test.survivors_needed is None:
        return f"no larger pool could tell a lift of {test.min_lift:g} either; ask for a larger min_lift."
    more = max(test.survivors_needed - survivors, 1)
    return f"about {more:,} survivors more, {survivors + more:,} in all, are needed to tell."
