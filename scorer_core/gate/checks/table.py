"""The table of checks: their order, what each looks at, its title, and how its failure votes.

A check is a function and a row here. The gate walks the rows in order, stage by stage; the report shows the titles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scorer_core.gate.candidate import Candidate
from scorer_core.gate.case import Rules, TrialFacts
from scorer_core.gate.champion import Comparison
from scorer_core.gate.checks import holdout, trials
from scorer_core.gate.checks.check import Check
from scorer_core.gate.holdout import HoldoutTest, Measured


class Vote(StrEnum):
    """What the failure of a check makes of the run, when every check before it passed."""

    REJECT = "reject"
    UNPROVEN = "unproven"
    """REJECT where the holdout was large enough to tell, INCONCLUSIVE where it was not."""
    KEEP = "keep"


@dataclass(frozen=True)
class OnHoldout:
    """What the candidate did on the holdout, beside the published config if there is one."""

    test: HoldoutTest
    champion: Measured | None
    comparison: Comparison | None


@dataclass(frozen=True)
class CheckRow:
    """A check that looks at trials, at the candidate, or at the holdout: one of the three functions is given."""

    name: str
    title: str
    vote: Vote
    of_trials: Callable[[Rules, Sequence[TrialFacts]], Check] | None = None
    of_candidate: Callable[[Candidate | None], Check] | None = None
    on_holdout: Callable[[OnHoldout], Check] | None = None


CHECKS = (
    CheckRow("complete", "every trial accounted for", Vote.REJECT, of_trials=trials.check_complete),
    CheckRow("consistent", "one worker, pool, sample size and space", Vote.REJECT, of_trials=trials.check_consistent),
    CheckRow(
        "alive", "the objective tells configs apart", Vote.REJECT, of_trials=lambda _, facts: trials.check_alive(facts)
    ),
    CheckRow("candidate", "holds on all search rows", Vote.REJECT, of_candidate=trials.check_candidate),
    CheckRow(
        "real", "not chance, on the holdout", Vote.UNPROVEN, on_holdout=lambda seen: holdout.check_real(seen.test)
    ),
    CheckRow(
        "worth_it",
        "large enough, on the holdout",
        Vote.UNPROVEN,
        on_holdout=lambda seen: holdout.check_worth_it(seen.test),
    ),
    CheckRow(
        "better",
        "beats the published config",
        Vote.KEEP,
        on_holdout=lambda seen: holdout.check_better(seen.test.measured, seen.champion, seen.comparison),
    ),
)
CHECK_NAMES = tuple(row.name for row in CHECKS)
TITLES = {row.name: row.title for row in CHECKS}
VOTES = {row.name: row.vote for row in CHECKS}


def checks_of_trials(rules: Rules, facts: Sequence[TrialFacts]) -> list[Check]:
    """Run the checks that need no candidate."""
    return [row.of_trials(rules, facts) for row in CHECKS if row.of_trials is not None]


def checks_of_candidate(candidate: Candidate | None) -> list[Check]:
    """Run the checks of the candidate on search rows."""
    return [row.of_candidate(candidate) for row in CHECKS if row.of_candidate is not None]


def checks_on_holdout(seen: OnHoldout) -> tuple[Check, ...]:
    """Run the checks that read the holdout."""
    return tuple(row.on_holdout(seen) for row in CHECKS if row.on_holdout is not None)
