"""How a run asks for its decision: before anything is seen, and not at all where no result could be real."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass

from scorer_core.errors import PoolError, SettingsError
from scorer_core.gate.changes import Changes, changes
from scorer_core.gate.space import space_size, space_version
from scorer_core.gate.within_trials.reach import can_be_real, log_p_at_best
from scorer_core.gate.within_trials.strata import Strata
from scorer_core.ledger.keys import Asked, DecisionKey, next_number, number_of, taken
from scorer_core.ledger.ledger import Ledger
from scorer_core.pool.survivors import Pool, content_id
from scorer_core.run.folder import RunFiles
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.settings import Settings
from scorer_core.spending import share_of


@dataclass(frozen=True)
class Asking:
    """What a run asks for; None where nothing is asked for: `why_not` says why."""

    asked: Asked | None
    why_not: str = ""


def asking(settings: Settings, ledger: Ledger, pool: Pool, policy: MaskPolicy) -> Asking:
    """Return what a run on a pool asks for; what was asked for once costs nothing more."""
    asked = Asked(
        DecisionKey(content_id(pool), policy.value, space_version(policy), settings.strata.value), settings.alpha
    )
    if number_of(ledger.engine, asked.key) is not None:
        return Asking(asked)
    number = next_number(ledger.engine)
    level = share_of(settings.alpha, number)
    strata = Strata.of(pool, settings.strata)
    if not can_be_real(strata, space_size(policy), level):
        return Asking(None, _nothing_to_tell(strata, policy, level, number))
    if settings.min_growth:
        since = changes_since(ledger, pool, asked.key.pool_content, number)
        if since is not None and since.growth < settings.min_growth:
            return Asking(None, _too_little_growth(since, settings.min_growth))
    return Asking(asked)


def changes_since(ledger: Ledger, pool: Pool, content: str, number: int) -> Changes | None:
    """Return what changed since another pool was decided, the last before `number`; None where it is not kept."""
    before = [one for one in taken(ledger.engine) if one.number < number and one.key.pool_content != content]
    earlier = _pool_of(ledger, before[-1].number) if before else None
    return None if earlier is None else changes(earlier, pool)


def _pool_of(ledger: Ledger, number: int) -> Pool | None:
    """Return the pool of a decision, while the folder of a run that asked for it is there."""
    for run in ledger.runs():
        if run.decision == number:
            with suppress(OSError, PoolError, SettingsError):
                return RunFiles.at(run.folder).pool.read_pool()
    return None


def _nothing_to_tell(strata: Strata, policy: MaskPolicy, level: float, number: int) -> str:
    best = min(log_p_at_best(strata) + math.log(space_size(policy)), 0.0)
    telling = int(strata.telling.sum())
    minority = int(strata.minority[strata.mixed].sum())
    return (
        f"No result on this pool could be real: {telling:,} of its {len(strata.codes):,} rows, {minority:,} of them "
        f"minority, are of Step 1 trials with both labels, and the best that they could show is p = "
        f"{math.exp(best):.2g} for {space_size(policy):,} configs, where decision {number} may spend {level:.2g}. "
        "No decision was asked for, and no alpha is spent. Give Step 1 more seeds."
    )


def _too_little_growth(since: Changes, needed: float) -> str:
    return (
        f"The pool has grown by {since.growth:.1%} since one was decided before, and SCORER_MIN_GROWTH asks for "
        f"{needed:.1%}. No decision was asked for, and no alpha is spent."
    )
