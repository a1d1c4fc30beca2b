"""Two runs side by side: what they were asked, what they found, where they differ."""

from __future__ import annotations

from dataclasses import dataclass

from scorer_core.report import words
from scorer_core.report.banner import Banner
from scorer_core.report.view import Facts
from scorer_core.run.prepared import Prepared
from scorer_core.views.installation import Installation
from scorer_core.views.run_page import RunView, run_view
from scorer_core.views.story import Story, story_of


@dataclass(frozen=True)
class Row:
    """One fact of both runs, in words."""

    name: str
    one: str
    other: str

    @property
    def differs(self) -> bool:
        """Say whether the runs differ in it."""
        return self.one != self.other


@dataclass(frozen=True)
class Comparison:
    """Two runs, and what is told of them, group by group."""

    one: RunView
    other: RunView
    banner: Banner
    other_banner: Banner
    groups: tuple[tuple[str, tuple[Row, ...]], ...]


def comparison(installation: Installation, one: str, other: str) -> Comparison:
    """Compare two runs.

    Raises:
        RunNotFound: the ledger does not know one of them.
        RunError: this program cannot read what is stored of one.
    """
    views = [run_view(installation, run_id) for run_id in (one, other)]
    stories = [story_of(view) for view in views]
    told, also = (dict(_groups(*both)) for both in zip(views, stories, strict=True))
    names = [*told, *(name for name in also if name not in told)]
    groups = tuple((name, _rows(told.get(name, []), also.get(name, []))) for name in names)
    return Comparison(views[0], views[1], stories[0].banner, stories[1].banner, groups)


def _groups(view: RunView, story: Story) -> list[tuple[str, Facts]]:
    config = [(one.name, words.parameter(one.value)) for one in story.config]
    return [("Asked for", _asked(view)), ("Config", config), *story.numbers]


def _asked(view: RunView) -> Facts:
    spec, record = view.record.spec, view.record
    rows: Prepared | None = view.prepared
    return [
        ("prepared", words.moment(record.created_at.isoformat())),
        ("pool", spec.survivors_path),
        ("pool content", record.pool_content[:12]),
        ("pool rows", words.number(None if rows is None else rows.rows)),
        ("smallest lift worth publishing", f"{spec.min_lift:g}"),
        ("needs an approval", words.value(spec.require_approval)),
    ]


def _rows(one: Facts, other: Facts) -> tuple[Row, ...]:
    left, right = dict(one), dict(other)
    names = [*left, *(name for name in right if name not in left)]
    rows = (Row(name, left.get(name, words.NOTHING), right.get(name, words.NOTHING)) for name in names)
    return tuple(row for row in rows if {row.one, row.other} != {words.NOTHING})
