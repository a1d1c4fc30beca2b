"""The seven checks of the gate, in the design's order; each says what it saw, needed, and what that means.

The first four are given trials and search rows alone: they cannot read the holdout.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scorer_core.errors import RequestError
from scorer_core.gate.candidate import FINALISTS, Candidate
from scorer_core.gate.case import Rules
from scorer_core.gate.champion import Comparison
from scorer_core.gate.holdout import HoldoutTest, Measured
from scorer_core.gate.statistics import CONFIDENCE
from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.space import MaskPolicy, check_all_params

CHECK_NAMES = ("complete", "consistent", "alive", "candidate", "real", "worth_it", "better")

MIN_ACCEPTED_PERCENT = 5
"""Share of the trials whose mask must not be rejected. Random configs on a healthy pool are accepted
in 35 % (`keep_fraction`) to 85 % (`max_offset`) of trials; below 5 % the search chose among too few."""

_ECHOED = ("sample_size", "worker_sha256", "pool_sha256", "mask_policy")
_SHA_SHOWN = 12
_LISTED = 5


@dataclass(frozen=True)
class Check:
    """The outcome of one check; `observed` and `needed` are JSON values, `meaning` is for the operator.

    `passed` is None when the check could not be evaluated because an earlier one failed.
    """

    name: str
    passed: bool | None
    observed: Any
    needed: Any
    meaning: str


def not_evaluated(name: str, because: str) -> Check:
    """Return the check `name` as one that had nothing to look at after the check `because` failed."""
    meaning = f"Not evaluated, because the check {because} failed."
    return Check(name, passed=None, observed=None, needed=None, meaning=meaning)


def check_complete(rules: Rules, trials: Sequence[Trial]) -> Check:
    """Check that each of the run's tickets ended exactly once, and enough of them with a result."""
    times = Counter(trial.number for trial in trials)
    ended = {trial.number for trial in trials if trial.counts or trial.state is TicketState.FAILED}
    missing = [number for number in range(rules.n_trials) if number not in ended]
    surplus = [number for number, seen in times.items() if seen > 1 or not 0 <= number < rules.n_trials]
    done = sum(trial.counts for trial in trials)
    completion = done / rules.n_trials
    if surplus:
        meaning = f"Recorded twice or never asked for: {_tickets(surplus)}; repair the ledger before trusting this run."
    elif missing:
        meaning = f"Without a result or a recorded failure: {_tickets(missing)}; resume the run so that they end."
    elif completion < rules.min_completion:
        meaning = (
            f"Only {done} of {rules.n_trials} trials gave a result; see the failed trials' errors, then run again."
        )
    else:
        meaning = f"{done} of {rules.n_trials} trials gave a result, and every ticket is accounted for."
    return Check(
        name="complete",
        passed=not surplus and not missing and completion >= rules.min_completion,
        observed={"done": done, "unaccounted": len(missing), "surplus": len(surplus), "completion": completion},
        needed={"done": rules.n_trials, "unaccounted": 0, "surplus": 0, "completion": rules.min_completion},
        meaning=meaning,
    )


def check_consistent(rules: Rules, trials: Sequence[Trial]) -> Check:
    """Check that all results are of the run's one sample size, worker, pool, mask policy and search space."""
    done = [trial for trial in trials if trial.state is TicketState.DONE]
    seen = {fact: {getattr(trial, fact) for trial in done} for fact in _ECHOED}
    wrong = [fact for fact, values in seen.items() if values != {getattr(rules, fact)}]
    outside = {trial.number: fault for trial in done if (fault := _outside(trial, rules.mask_policy))}
    meaning = "All results are of one sample size, one worker, one pool and one mask policy: the run's own."
    if outside:
        number, fault = min(outside.items())
        meaning = (
            f"{len(outside)} results are for parameters outside the search space, the first of them trial {number}: "
            f"{fault} Nobody asked for that; find out who wrote it before you run again."
        )
    elif not done:
        meaning = "There is no result whose origin could be checked; see the failed trials' errors, then run again."
    elif wrong:
        meaning = f"Results differ from the run's own {' and '.join(wrong)}, so they cannot be compared; run again."
    observed: dict[str, Any] = {
        fact: sorted((_shown(fact, value) for value in values), key=str)[:_LISTED] for fact, values in seen.items()
    }
    observed["outside_the_space"] = len(outside)
    needed = {fact: _shown(fact, getattr(rules, fact)) for fact in _ECHOED} | {"outside_the_space": 0}
    return Check("consistent", passed=not wrong and not outside, observed=observed, needed=needed, meaning=meaning)


def check_alive(trials: Sequence[Trial]) -> Check:
    """Check that enough masks were accepted, and that their objective is not one constant.

    A single accepted trial has nothing to differ from: it is not held against the run.
    """
    done = sum(trial.counts for trial in trials)
    accepted = [trial.objective for trial in trials if trial.accepted]
    distinct = len(set(accepted))
    enough = max(1, math.ceil(done * MIN_ACCEPTED_PERCENT / 100))
    varied = min(2, max(1, len(accepted)))
    meaning = f"{len(accepted)} of {done} masks were accepted, with {distinct} different objectives."
    if len(accepted) < enough:
        meaning = (
            f"Only {len(accepted)} of {done} masks were accepted, the rest keep too few or too many rows; "
            "the pool or the mask policy does not suit the search space."
        )
    elif distinct < varied:
        meaning = (
            "Every accepted trial has the same objective, so nothing was measured; suspect the worker or the pool."
        )
    return Check(
        name="alive",
        passed=len(accepted) >= enough and distinct >= varied,
        observed={"accepted": len(accepted), "distinct_objectives": distinct},
        needed={"accepted": enough, "distinct_objectives": varied},
        meaning=meaning,
    )


def check_candidate(candidate: Candidate | None) -> Check:
    """Check that one of the best configs is accepted on all search rows."""
    needed = {"accepted_on_all_search_rows": True}
    if candidate is None:
        meaning = (
            f"None of the {FINALISTS} best configs is accepted on all search rows: their objectives came from "
            "samples too small to tell; raise sample_size."
        )
        return Check("candidate", False, {"accepted_on_all_search_rows": False}, needed, meaning)
    objective = candidate.evaluation.score.objective
    observed = {"accepted_on_all_search_rows": True, "trial": candidate.trial_number, "objective": objective}
    meaning = (
        f"Trial {candidate.trial_number} is the best of the {FINALISTS} best configs on all search rows, "
        f"with objective {objective:.4f}."
    )
    return Check("candidate", True, observed, needed, meaning)


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


def _outside(trial: Trial, policy: MaskPolicy) -> str:
    """Return what is wrong with a trial's parameters, an empty string when nothing is."""
    try:
        check_all_params(trial.params, policy)
    except RequestError as error:
        return str(error)
    return ""


def _p(value: float) -> str:
    """Return a p-value in words; the smallest ones are below what a float can hold."""
    return f"p = {value:.2g}" if value > 0 else "p < 1e-300"


def _tickets(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in sorted(numbers)[:_LISTED])
    return f"{len(numbers)} ticket{'s' * (len(numbers) > 1)} ({shown}{', …' * (len(numbers) > _LISTED)})"


def _shown(fact: str, value: object) -> int | str:
    """Return an echoed value as JSON, short: a person compares the first digits of a checksum."""
    if value is None:
        return "all" if fact == "sample_size" else "unknown"
    if isinstance(value, int):
        return value
    return value.value if isinstance(value, MaskPolicy) else str(value)[:_SHA_SHOWN]
