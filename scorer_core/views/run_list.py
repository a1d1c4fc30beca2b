"""All runs, a page at a time: verdict in plain words, pool, engine, how far, since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scorer_core.errors import InputError, SpecError
from scorer_core.gate.verdict import Verdict, row_of
from scorer_core.ledger.lanes import counts_of
from scorer_core.ledger.listing import ListedRun, Wanted, count_runs, list_runs
from scorer_core.run.trials import TicketState
from scorer_core.spec import RunSpec
from scorer_core.views.installation import Installation
from scorer_core.views.published import published_run

PAGE_SIZE = 25


@dataclass(frozen=True)
class RunLine:
    """One run of the list; `spec` is None where this program cannot read what was stored.

    `tone` is that of the verdict, `running`, or `none`; `words` say how the run stands.
    """

    run_id: str
    created_at: datetime
    ended_at: datetime | None
    tone: str
    words: str
    verdict: Verdict | None
    decision: int | None
    lift: float | None
    spec: RunSpec | None
    counts: Mapping[TicketState, int]
    is_published: bool

    @property
    def budget(self) -> int:
        """Return how many tickets the run has."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """Return how many of them gave a result."""
        return self.counts[TicketState.DONE]


@dataclass(frozen=True)
class RunList:
    """One page of runs: the `page`-th of `pages`, of `total` runs that are wanted, of `known` that there are."""

    lines: tuple[RunLine, ...]
    wanted: Wanted
    page: int
    pages: int
    total: int
    known: int


def run_list(installation: Installation, wanted: Wanted, page: int) -> RunList:
    """Return a page of runs, counted from 1.

    Raises:
        InputError: there is no such page.
    """
    engine = installation.engine
    if engine is None:
        return RunList((), wanted, 1, 1, 0, 0)
    total, known = count_runs(engine, wanted), count_runs(engine, Wanted())
    pages = max(1, -(-total // PAGE_SIZE))
    if page > pages:
        raise InputError(f"There is no page {page}: {total:,} runs are on {pages:,}.")
    found = list_runs(engine, wanted, (page - 1) * PAGE_SIZE, PAGE_SIZE)
    with engine.connect() as connection:
        counts = counts_of(connection, [one.run_id for one in found])
    champion = published_run(installation)
    lines = tuple(_line(one, counts[one.run_id], champion == one.run_id) for one in found)
    return RunList(lines, wanted, page, pages, total, known)


def _line(run: ListedRun, counts: Mapping[TicketState, int], is_published: bool) -> RunLine:
    verdict = None if run.verdict is None else Verdict(run.verdict)
    try:
        spec = RunSpec.from_record(run.spec)
    except SpecError:
        spec = None
    tone, words = _standing(run, verdict, counts)
    return RunLine(
        run_id=run.run_id,
        created_at=run.created_at,
        ended_at=run.ended_at,
        tone=tone,
        words=words,
        verdict=verdict,
        decision=run.decision,
        lift=run.lift,
        spec=spec,
        counts=counts,
        is_published=is_published,
    )


def _standing(run: ListedRun, verdict: Verdict | None, counts: Mapping[TicketState, int]) -> tuple[str, str]:
    """Return the tone and the words of how a run stands."""
    if verdict is not None:
        return row_of(verdict).tone, row_of(verdict).brief
    if run.ended_at is not None:
        return "none", "Ended without a verdict"
    if all(state.ended for state, count in counts.items() if count):
        return "running", "Searched; not decided yet"
    return "running", "Searching" if counts[TicketState.DONE] or counts[TicketState.LEASED] else "Not begun"
