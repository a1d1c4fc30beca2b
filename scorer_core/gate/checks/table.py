"""The table of checks: their order, what each looks at, and its title.

A check is a function and a row here. The gate walks the rows in order, stage by stage; the report shows the titles.
What its failure makes of the run, `ruling.py` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scorer_core.gate.case import Permit, Rules
from scorer_core.gate.checks import trials, whole_pool
from scorer_core.gate.checks.check import Check
from scorer_core.gate.examination import Effect
from scorer_core.gate.reigning import Duel
from scorer_core.gate.within_trials.strata import Strata
from scorer_core.run.trials import Trial


@dataclass(frozen=True)
class Examined:
    """What all rows of the pool say of the candidate; `effect` is None without one.

    `duel` is asked for the comparison with the published config, None where there is none: that counts a challenger.
    """

    effect: Effect | None
    strata: Strata
    space: int
    permit: Permit
    min_lift: float
    duel: Callable[[], Duel | None]


@dataclass(frozen=True)
class CheckRow:
    """A check that looks at the trials, or at the whole pool: one of the two functions is given.

    `last`: it is evaluated only when every check before it passed.
    """

    name: str
    title: str
    of_trials: Callable[[Rules, Sequence[Trial]], Check] | None = None
    on_pool: Callable[[Examined], Check] | None = None
    last: bool = False


CHECKS = (
    CheckRow("complete", "every ticket accounted for", of_trials=trials.check_complete),
    CheckRow("consistent", "one worker, pool, sample size and space", of_trials=trials.check_consistent),
    CheckRow("alive", "the objective tells configs apart", of_trials=lambda _, facts: trials.check_alive(facts)),
    CheckRow(
        "real",
        "not chance, with every config of the space paid for",
        on_pool=lambda seen: whole_pool.check_real(
            seen.effect, seen.strata, seen.space, seen.permit.alpha_j, seen.permit.number
        ),
    ),
    CheckRow(
        "worth_it",
        "large enough, on rows that it was not picked on",
        on_pool=lambda seen: whole_pool.check_worth_it(seen.effect, seen.min_lift),
    ),
    CheckRow(
        "better",
        "beats the published config",
        on_pool=lambda seen: whole_pool.check_better(seen.duel()),
        last=True,
    ),
)
CHECK_NAMES = tuple(row.name for row in CHECKS)
TITLES = {row.name: row.title for row in CHECKS}


def checks_of_trials(rules: Rules, facts: Sequence[Trial]) -> list[Check]:
    """Run the checks that look at the trials."""
    return [row.of_trials(rules, facts) for row in CHECKS if row.of_trials is not None]


def checks_on_pool(seen: Examined) -> list[Check]:
    """Run the checks that look at the whole pool; one that is the last is left out when another failed."""
    found: list[Check] = []
    for row in CHECKS:
        if row.on_pool is not None and (not row.last or all(check.passed for check in found)):
            found.append(row.on_pool(seen))
    return found
