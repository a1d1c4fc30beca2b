"""Two runs side by side: what they were asked, what they found, where they differ."""

from __future__ import annotations

from dataclasses import dataclass

from scorer_core.engines import traits_of
from scorer_core.report import words
from scorer_core.report.banner import Banner
from scorer_core.report.view import Facts
from scorer_core.run.prepared import Prepared
from scorer_core.views.installation import Installation
from scorer_core.views.run_page import RunView, run_view
from scorer_core.views.story import Story, story_of

Groups = list[tuple[str, Facts]]


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
    groups_of = [_groups(*both) for both in zip(views, stories, strict=True)]
    units = [traits_of(view.record.spec.search).unit for view in views]
    if units[0] != units[1]:
        groups_of = [_in_tickets(groups, unit) for groups, unit in zip(groups_of, units, strict=True)]
    told, also = (dict(groups) for groups in groups_of)
    names = [*told, *(name for name in also if name not in told)]
    groups = tuple((name, _rows(told.get(name, []), also.get(name, []))) for name in names)
    return Comparison(views[0], views[1], stories[0].banner, stories[1].banner, groups)


def _groups(view: RunView, story: Story) -> Groups:
    config = [(one.name, words.parameter(one.value)) for one in story.config]
    return [("Asked for", _asked(view)), ("Config", config), *story.numbers]


def _in_tickets(groups: Groups, unit: str) -> Groups:
    """Return groups whose names call a ticket so, whatever its engine does: else nothing would stand side by side."""

    def renamed(text: str) -> str:
        return text.replace(unit, "ticket").replace(unit.capitalize(), "Ticket")

    return [(renamed(name), [(renamed(fact), value) for fact, value in facts]) for name, facts in groups]


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
