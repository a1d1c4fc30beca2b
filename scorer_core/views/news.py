"""What somebody may want to hear of a run, in words that may leave the house: no path, no host, no login."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from scorer_core.gate.verdict import Verdict, row_of
from scorer_core.ledger.records import RunRecord
from scorer_core.ledger.verdicts import settled
from scorer_core.notify import Event
from scorer_core.refused import Refused
from scorer_core.views.discreet import discreet
from scorer_core.views.note import NO_RUN, left_out, note_of

_UNKNOWN = "There is no ledger, or it cannot be read. The log of the first red task says why."
_LATER = "Nothing is published until somebody answers in the Airflow UI, and later runs wait for that."
_MOST = 1000


@dataclass(frozen=True)
class News:
    """One thing to tell: a line, and a text. `about` tells it from others of its kind in a run, as a node's name."""

    event: Event
    subject: str
    text: str
    about: str = ""


def of_verdict(ledger: Engine, run_id: str) -> Iterator[News]:
    """Yield the verdict on a run, once there is one; its text is the run's note."""
    found = settled(ledger, run_id)
    if found is not None:
        yield News(Event.VERDICT, f"{found.verdict}: {run_id}", note_of(ledger, run_id))


def of_failure(ledger: Engine | None, run: RunRecord | None, run_id: str, refused: Refused) -> Iterator[News]:
    """Yield that a run failed; nothing where it is red by its verdict, which is told as that."""
    text = _UNKNOWN if ledger is None else NO_RUN
    if ledger is not None and run is not None:
        found = settled(ledger, run_id)
        if found is not None and refused is Refused.FAILED and not row_of(Verdict(found.verdict)).enriched:
            return
        text = note_of(ledger, run_id)
    yield News(Event.FAILED, f"the run failed: {run_id}", text)


def of_approval(ledger: Engine, run_id: str) -> Iterator[News]:
    """Yield that a run waits for a person's answer."""
    text = f"{note_of(ledger, run_id)}\n\n{_LATER}"
    yield News(Event.APPROVAL, f"an approval is waiting: {run_id}", text)


def of_rigs(ledger: Engine, run: RunRecord, seen: Mapping[str, tuple[str, str]]) -> Iterator[News]:
    """Yield each node that is out of a run: what the ledger knows, and what a task saw: place and reason, by node."""
    known = {node: (node, reason) for node, reason in left_out(ledger, run).items()}
    for node, (place, reason) in sorted({**known, **seen}.items()):
        text = discreet(reason.removeprefix(f"{node}: "), _MOST)
        yield News(Event.RIG_OUT, f"{place} is out: {run.run_id}", text, about=node)
