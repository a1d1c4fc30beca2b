"""The four answers of the gate, one row each: what follows from it, and in which words.

An answer is a member of `Verdict` and a row of `row_of`; when it is given says `ruling`, everything else asks the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scorer_core.errors import assert_never


class Verdict(StrEnum):
    """The four answers. Only PUBLISH publishes."""

    PUBLISH = "PUBLISH"
    KEEP_CHAMPION = "KEEP_CHAMPION"
    REJECT = "REJECT"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class VerdictRow:
    """What is particular to one answer.

    `enriched`: the candidate is shown to enrich; where it is not, the DAG's gate fails. `exit_code` is that of
    `scorer gate`. `opening` begins the decision's reason, with a place for the config; `headline` is the report's,
    `brief` a list's, and `tone` names its colour in report.css.
    """

    enriched: bool
    exit_code: int
    opening: str
    headline: str
    brief: str
    tone: str


def row_of(verdict: Verdict) -> VerdictRow:
    """Return the row of an answer."""
    match verdict:
        case Verdict.PUBLISH:
            return _PUBLISH
        case Verdict.KEEP_CHAMPION:
            return _KEEP_CHAMPION
        case Verdict.REJECT:
            return _REJECT
        case Verdict.INCONCLUSIVE:
            return _INCONCLUSIVE
        case _:
            assert_never(verdict)


_PUBLISH = VerdictRow(
    enriched=True,
    exit_code=0,
    opening="Publish {config}.",
    headline="A config was found that chance would hardly bring forth, and that is worth publishing.",
    brief="Found, and worth publishing",
    tone="publish",
)
_KEEP_CHAMPION = VerdictRow(
    enriched=True,
    exit_code=3,
    opening="Keep the published config: {config} is really enriched, but not shown to be better.",
    headline="The published config stays: the new one is really enriched, but not shown to be better.",
    brief="Real, but the published config stays",
    tone="keep",
)
_REJECT = VerdictRow(
    enriched=False,
    exit_code=4,
    opening="Nothing is published: no config has a lift that is worth it, and the answer is firm.",
    headline="Nothing is published: this pool excludes a lift that would be worth it.",
    brief="Nothing worth it in this pool",
    tone="reject",
)
_INCONCLUSIVE = VerdictRow(
    enriched=False,
    exit_code=5,
    opening="Nothing is published, and nothing is refuted.",
    headline="Nothing is published, and nothing is refuted: this run could not tell.",
    brief="Could not tell",
    tone="inconclusive",
)
