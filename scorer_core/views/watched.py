"""A run as somebody sees it who waits for its end: how it stands, how far it is, whether it is over."""

from __future__ import annotations

from dataclasses import dataclass

from scorer_core.gate.verdict import Verdict, row_of
from scorer_core.ledger.verdicts import settled
from scorer_core.views.installation import Installation
from scorer_core.views.live import Progress, RigLine, progress_of
from scorer_core.views.run_page import run_record
from scorer_core.views.standing import Standing, standing

NOT_YET = standing(None, None, ())
"""How a run stands that the ledger does not know yet."""


@dataclass(frozen=True)
class Watched:
    """A run at one moment; `progress` is None before it was prepared, `tasks` empty where no scheduler was asked."""

    standing: Standing
    progress: Progress | None
    is_over: bool
    tasks: str = ""

    @property
    def out(self) -> tuple[RigLine, ...]:
        """Return the rigs that were taken out."""
        return () if self.progress is None else tuple(rig for rig in self.progress.rigs if rig.out is not None)

    @property
    def best(self) -> str:
        """Return the best objective so far in words, empty without a result."""
        best = None if self.progress is None else self.progress.best
        return "" if best is None else f"best {best:.4f}"


def watched(installation: Installation, run_id: str) -> Watched:
    """Look at a run of the ledger once.

    Raises:
        RunNotFound: the ledger does not know it.
        RunError: this program cannot read what is stored of it.
    """
    record = run_record(installation, run_id)
    progress = progress_of(installation, record)
    said = settled(installation.ledger, run_id)
    stands = standing(record.spec, progress, ()) if said is None else _decided(Verdict(said.verdict))
    return Watched(stands, progress, is_over=record.ended_at is not None)


def _decided(verdict: Verdict) -> Standing:
    row = row_of(verdict)
    return Standing(row.tone, f"{row.brief}: {verdict.value}.", "An approval, publish or the report is still to come.")
