"""What is shown of a run that somebody follows: lines in a pipe, a drawing on a terminal."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from scorer_core.cli.follow import COUNTS_EVERY_S, Lines, drawing, follow
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.trust import distrust
from scorer_core.ledger.verdicts import settle
from scorer_core.run.trials import TicketState
from scorer_core.views.installation import Installation
from scorer_core.views.live import Progress, RigLine
from scorer_core.views.standing import Standing
from scorer_core.views.watched import NOT_YET, Watched, watched
from tests.support.prepared import make_settings
from tests.support.tickets import RUN, A, B, claimed, fail, open_run, recorded, result, spec

OUT = RigLine("rig-b", (), 1, datetime.now(UTC), "no answer\x1b[2J\nfor 90 s", 2.0, None)


class Seconds:
    """A clock that only a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def seen(done: int, *rigs: RigLine, is_over: bool = False, headline: str = "Searching") -> Watched:
    counts = {**dict.fromkeys(TicketState, 0), TicketState.DONE: done, TicketState.OPEN: 10 - done}
    progress = Progress(counts, 0.25, None, None, None, rigs, 0, (), (), 1)
    return Watched(Standing("running", f"{headline}: {done}.", "a note"), progress, is_over)


def said(lines: list[str]) -> list[str]:
    return [line.partition("  ")[2] for line in lines]


def test_counts_are_told_now_and_then_and_whatever_else_changes_at_once() -> None:
    clock = Seconds()
    lines = Lines(clock)

    assert said(lines.of(Watched(NOT_YET, None, is_over=False))) == ["Waiting for the scheduler."]
    assert said(lines.of(seen(1))) == ["Searching: 1.  best 0.2500"], "the run is prepared"
    assert lines.of(seen(2)) == [], "only a count differs"
    assert said(lines.of(seen(2, OUT))) == ["rig-b is out: no answer\ufffd[2J for 90 s"]
    assert lines.of(seen(2, OUT)) == [], "it was told"
    clock.now = COUNTS_EVERY_S
    assert said(lines.of(seen(3, OUT))) == ["Searching: 3.  best 0.2500"]
    clock.now *= 3
    assert lines.of(seen(3, OUT)) == [], "nothing differs"
    assert said(lines.of(seen(4, OUT, is_over=True))) == ["Searching: 4.  best 0.2500"]


def test_each_line_begins_with_the_time_of_day() -> None:
    (line,) = Lines().of(seen(1))

    told = datetime.strptime(line[:9], "%H:%M:%SZ").time()
    now = datetime.now(UTC)
    assert told in {(now - timedelta(seconds=back)).time().replace(microsecond=0) for back in range(3)}


def test_a_run_is_looked_at_until_it_is_over_and_leaves_nothing_of_itself_on_a_terminal() -> None:
    looks = [seen(1), seen(2), seen(3, is_over=True)]
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80, _environ={"TERM": "xterm"})

    ended = follow(lambda: looks.pop(0), terminal, every_s=0)

    assert (ended.is_over, looks) == (True, [])
    shown = screen.getvalue()
    assert "1/10" in shown
    assert "\x1b[?25l" in shown, "the cursor is hidden while the view is drawn"
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "and shown again"
    assert shown.rindex("\x1b[2K") > shown.rindex("3/10"), "the view is wiped at the end"


def drawn(watched: Watched, width: int = 200) -> str:
    page = io.StringIO()
    Console(file=page, width=width, color_system=None).print(drawing(watched))
    return page.getvalue()


@pytest.fixture
def views(tmp_path: Path) -> tuple[Installation, Ledger]:
    """An installation as the views read it, and its ledger, to be written."""
    settings = make_settings(tmp_path)
    ledger = Ledger(settings.database_url)
    ledger.create_tables()
    return Installation.of(settings), ledger


def test_the_drawing_has_a_row_a_rig_and_says_which_is_out(views: tuple[Installation, Ledger]) -> None:
    installation, ledger = views
    open_run(ledger, spec(6))
    recorded(ledger, result(claimed(ledger, A).number, node=A.node))
    claimed(ledger, A)
    fail(ledger, claimed(ledger, B).number, B, "out of\x1b[2J memory")
    distrust(ledger.engine, RUN, B.node, "it gives\nother answers")

    rows = drawn(watched(installation, RUN)).splitlines()

    assert rows[0].startswith("Searching: 1 of 6 trials are done")
    assert any("1/6  best 0.2500" in row for row in rows)
    assert [row.split() for row in rows if row.startswith("rig-a")] == [["rig-a", "1/1", "1", "2", "s"]]
    assert [row.split("out: ")[1].rstrip() for row in rows if row.startswith("rig-b")] == [
        "its answers are not believed: it gives other answers"
    ]
    assert "1 failed attempt, the last of rig-b · gpu 0: out of\ufffd[2J memory" in rows[-1]


def test_a_verdict_is_told_while_the_run_is_not_over(views: tuple[Installation, Ledger]) -> None:
    installation, ledger = views
    open_run(ledger, spec(1))
    recorded(ledger, result(claimed(ledger, A).number))
    settle(ledger.engine, RUN, "KEEP_CHAMPION", {})

    now = watched(installation, RUN)

    assert (now.standing.headline, now.is_over) == (
        "Real, but the published config stays: KEEP_CHAMPION.",
        False,
    )


def test_what_the_scheduler_knows_stands_below_the_sentence() -> None:
    text = drawn(replace(seen(1), tasks="3 running, 4 success"))

    assert text.splitlines()[1:3] == ["a note", "3 running, 4 success"]
