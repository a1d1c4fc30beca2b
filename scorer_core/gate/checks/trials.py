"""The checks that look at the trials alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from scorer_core.errors import RequestError
from scorer_core.gate.case import Rules
from scorer_core.gate.checks.check import Check
from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import check_all_params

MIN_ACCEPTED_PERCENT = 5
"""Share of the trials whose mask must not be rejected. Random configs on a healthy pool are accepted
in 35 % (`keep_fraction`) to 85 % (`max_offset`) of trials; below 5 % the search chose among too few."""

_ECHOED = ("sample_size", "worker_sha256", "pool_sha256", "mask_policy")
_SHA_SHOWN = 12
_LISTED = 5


def check_complete(rules: Rules, trials: Sequence[Trial]) -> Check:
    """Check that each of the run's tickets ended exactly once, and enough of them with a result."""
    times = Counter(trial.number for trial in trials)
    ended = {trial.number for trial in trials if trial.has_result or trial.state is TicketState.FAILED}
    missing = [number for number in range(rules.n_trials) if number not in ended]
    surplus = [number for number, seen in times.items() if seen > 1 or not 0 <= number < rules.n_trials]
    done = sum(trial.has_result for trial in trials)
    completion = done / rules.n_trials
    if surplus:
        meaning = f"Recorded twice or never asked for: {_tickets(surplus)}; repair the ledger before trusting this run."
    elif missing:
        meaning = f"Without a result or a recorded failure: {_tickets(missing)}; resume the run so that they end."
    elif completion < rules.min_completion:
        meaning = (
            f"Only {done} of {rules.n_trials} {rules.unit}s gave a result; see the errors of the failed ones, then run "
            "again."
        )
    else:
        meaning = f"{done} of {rules.n_trials} {rules.unit}s gave a result, and every ticket is accounted for."
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
    done = sum(trial.has_result for trial in trials)
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


def _outside(trial: Trial, policy: MaskPolicy) -> str:
    """Return what is wrong with a trial's parameters, an empty string when nothing is."""
    try:
        check_all_params(trial.params, policy)
    except RequestError as error:
        return str(error)
    return ""


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
