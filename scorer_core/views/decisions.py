"""The decisions of the installation's life, and the α that is left to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scorer_core.errors import InputError
from scorer_core.ledger.keys import Taken, taken
from scorer_core.ledger.listing import known_of
from scorer_core.ledger.verdicts import verdicts_by_decision
from scorer_core.spending import share_of
from scorer_core.views.installation import Installation

PAGE_SIZE = 25


@dataclass(frozen=True)
class DecisionLine:
    """One decision, the verdicts of all runs that asked for it, and whether a run asked first, or a command."""

    taken: Taken
    verdicts: tuple[str, ...]
    by_a_run: bool


@dataclass(frozen=True)
class Decisions:
    """One page of decisions, the latest first; `total` were asked for.

    `left` is what all future ones together may spend of `alpha`, the setting; `following` the number of the next.
    """

    lines: tuple[DecisionLine, ...]
    page: int
    pages: int
    total: int
    alpha: float
    left: float
    following: int
    may_spend: float


def decisions_view(installation: Installation, page: int = 1) -> Decisions:
    """Return a page of decisions, counted from 1.

    Raises:
        InputError: there is no such page.
    """
    engine, alpha = installation.engine, installation.settings.alpha
    known = [] if engine is None else taken(engine)
    pages = max(1, -(-len(known) // PAGE_SIZE))
    if page > pages:
        raise InputError(f"There is no page {page}: {len(known):,} decisions are on {pages:,}.")
    shown = known[::-1][(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    verdicts = {} if engine is None else verdicts_by_decision(engine, [one.number for one in shown])
    runs = set() if engine is None else known_of(engine, (one.run_id for one in shown))
    following = 1 + max((one.number for one in known), default=0)
    return Decisions(
        lines=tuple(DecisionLine(one, tuple(verdicts.get(one.number, ())), one.run_id in runs) for one in shown),
        page=page,
        pages=pages,
        total=len(known),
        alpha=alpha,
        left=max(0.0, alpha - math.fsum(share_of(alpha, number) for number in range(1, following))),
        following=following,
        may_spend=share_of(alpha, following),
    )
