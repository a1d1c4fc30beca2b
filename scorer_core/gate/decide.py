"""The verdict: a case in, checks, one of four answers out, with its numbers and its words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from scorer_core.gate.case import Case, Permit, mask_words
from scorer_core.gate.checks.check import Check, not_evaluated
from scorer_core.gate.checks.table import CHECK_NAMES, Examined, checks_of_trials, checks_on_pool
from scorer_core.gate.decision import Candidate, Decision, Proof, Standing
from scorer_core.gate.examination import Effect, Examiner, Found, Values
from scorer_core.gate.reigning import Duel, duel
from scorer_core.gate.ruling import verdict_of, what_is_excluded, what_would_tell
from scorer_core.gate.space import space_size
from scorer_core.gate.verdict import Verdict, row_of
from scorer_core.gate.within_trials.planning import Planner
from scorer_core.pool.folds import fold_of
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.space import completed, objective_params
from scorer_core.scoring.sweep.bars import WIDE_KEEP
from scorer_core.scoring.trial import TrialRequest, evaluate


def decide(case: Case) -> Decision:
    """Decide whether the run's best config may replace the published one.

    The first checks look at the trials; only when all of them pass are the labels of the pool read. The same case
    always gives the same decision.
    """
    checks = checks_of_trials(case.rules, case.trials)
    failed = next((check.name for check in checks if not check.passed), None)
    if case.permit is None:
        checks.append(Check("real", False, None, None, case.why_not))
    if failed is not None or case.permit is None:
        return _without_a_look(case, checks)
    return _Examination(case, case.permit, case.found()).decision(checks)


class _Examination:
    """One case on all rows of its pool."""

    def __init__(self, case: Case, permit: Permit, found: Found) -> None:
        self._case, self._permit, self._found = case, permit, found
        policy = case.rules.mask_policy
        self._space = space_size(policy)
        self._examiner = Examiner(case.pool, permit.strata, fold_of(case.pool.seeds), policy, self._space)
        self._effect = self._examiner.examine(found, permit.alpha_j)
        self._duel = cache(self._compare)

    def decision(self, checks: list[Check]) -> Decision:
        """Return the decision, given the checks of the trials."""
        case, effect = self._case, self._effect
        strata, min_lift = self._examiner.strata, case.rules.min_lift
        checks += checks_on_pool(Examined(effect, strata, self._space, self._permit, min_lift, self._duel))
        compared = len(checks) == len(CHECK_NAMES)
        verdict = verdict_of(checks, self._found.largest_lift, min_lift)
        fought = self._duel() if compared else None
        return Decision(
            verdict=verdict,
            reason=self._reason(verdict, checks),
            checks=_filled(checks),
            number=self._permit.number,
            alpha=self._permit.alpha,
            alpha_j=self._permit.alpha_j,
            candidate=None if effect is None else _candidate(case, effect.candidate.values),
            proof=None if effect is None else Proof.of(effect),
            excludes=self._found.largest_lift,
            replaces=case.replaces,
            champion=None if fought is None else Standing.of(fought),
            changes=case.changes,
            best_objective=self._best_objective(),
        )

    def _best_objective(self) -> float | None:
        everywhere = np.ones(len(self._case.pool), np.bool_)
        return max((self._examiner.score(one, everywhere).objective for one in self._found.on_all), default=None)

    def _compare(self) -> Duel | None:
        """Compare the candidate with the published config: it is one challenger more of its reign."""
        champion, effect = self._case.champion, self._effect
        if champion is None or effect is None:
            return None
        policy = self._case.rules.mask_policy
        params = dict(zip(objective_params(policy), effect.candidate.values, strict=True))
        theirs = residue_mask(self._case.pool.seeds, champion.params, champion.mask_policy).kept
        ours = self._examiner.mask(effect.candidate.values)
        number = self._case.challenger(mask_words(params, policy))
        strata, min_lift = self._examiner.strata, self._case.rules.min_lift
        return duel(self._case.pool, strata, ours, theirs, champion.fresh, number, min_lift, unseen=effect.unseen)

    def _reason(self, verdict: Verdict, checks: Sequence[Check]) -> str:
        """Return a paragraph: what follows, what the checks mean, what the pool excludes, and what would tell."""
        case, effect, row = self._case, self._effect, row_of(verdict)
        config = "" if effect is None else _in_words(case, effect.candidate.values)
        told = [row.opening.format(config=config), *_told(checks)]
        told.append(what_is_excluded(verdict, self._found.largest_lift, case.rules.min_lift))
        if verdict is Verdict.INCONCLUSIVE and effect is not None:
            told.append(self._what_would_tell(effect))
        told += [] if case.changes is None else [case.changes.describe()]
        told += [] if case.champion is None else case.champion.notes
        return " ".join(sentence for sentence in told if sentence)

    def _what_would_tell(self, effect: Effect) -> str:
        by_fold = self._examiner.cells(effect.candidate.values)
        level, largest = self._permit.next_alpha / self._space, self._found.largest_lift
        wide = int(effect.margins.kept.sum()) >= WIDE_KEEP * len(self._case.pool)
        excluded_above = largest if wide and largest is not None else math.inf
        planner = Planner(effect.margins, by_fold, self._case.rules.min_lift, level, excluded_above)
        return what_would_tell(planner, len(self._case.pool))


def _without_a_look(case: Case, checks: Sequence[Check]) -> Decision:
    """Return the decision on a run whose labels were not looked at."""
    permit = case.permit
    return Decision(
        verdict=Verdict.INCONCLUSIVE,
        reason=" ".join((row_of(Verdict.INCONCLUSIVE).opening, *_told(checks))),
        checks=_filled(checks),
        number=None if permit is None else permit.number,
        alpha=None if permit is None else permit.alpha,
        alpha_j=None if permit is None else permit.alpha_j,
        replaces=case.replaces,
        changes=case.changes,
    )


def _filled(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return all checks of the table; what was not come to is not evaluated."""
    failed = next((check.name for check in checks if not check.passed), "")
    return (*checks, *(not_evaluated(name, failed) for name in CHECK_NAMES[len(checks) :]))


def _told(checks: Sequence[Check]) -> list[str]:
    """Return what the checks of the pool mean, and those of the trials that failed."""
    return [check.meaning for check in checks if check.name in ("real", "worth_it", "better") or not check.passed]


def _candidate(case: Case, values: Values) -> Candidate:
    """Return the candidate with all its parameters: those of the trial that tried it, if one did."""
    rules = case.rules
    names = objective_params(rules.mask_policy)
    tried = next(
        (trial for trial in case.trials if trial.has_result and tuple(trial.params[name] for name in names) == values),
        None,
    )
    own = {**rules.held, **dict(zip(names, values, strict=True))}
    params = completed(own, rules.mask_policy) if tried is None else tried.params
    number = None if tried is None else tried.number
    return Candidate(number, params, evaluate(case.pool, TrialRequest(number or 0, params, None, rules.mask_policy)))


def _in_words(case: Case, values: Values) -> str:
    names = objective_params(case.rules.mask_policy)
    return f"the config with {', '.join(f'{name} {value}' for name, value in zip(names, values, strict=True))}"
