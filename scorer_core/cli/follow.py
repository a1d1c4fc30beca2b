"""Follows a run until it is over: drawn anew on a terminal, and a line for each change anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from scorer_core.report import words
from scorer_core.text import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from scorer_core.views.live import Progress, RigLine
    from scorer_core.views.watched import Watched

LOOK_EVERY_S = 1.0
COUNTS_EVERY_S = 5.0
"""Seconds between two lines that differ in counts alone; whatever else changes is told at once."""
_BAR = 50
_REASON = 200


def follow(look: Callable[[], Watched], console: Console, every_s: float = LOOK_EVERY_S) -> Watched:
    """Look at a run again and again, show it, and return it as it is when it is over; what `look` raises ends it."""
    if not console.is_terminal or console.is_dumb_terminal:
        lines = Lines()
        return _until_over(look, lambda seen: _print(console, lines.of(seen)), every_s)
    with Live(console=console, transient=True) as live:
        return _until_over(look, lambda seen: live.update(drawing(seen), refresh=True), every_s)


def _print(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(Text(line))


def _until_over(look: Callable[[], Watched], show: Callable[[Watched], object], every_s: float) -> Watched:
    while True:
        seen = look()
        show(seen)
        if seen.is_over:
            return seen
        time.sleep(every_s)


class Lines:
    """What is new of a run, line by line; holds what was told last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said_at = float("-inf")
        self._said = ""
        self._state: object = None
        self._out: set[str] = set()

    def of(self, seen: Watched) -> list[str]:
        """Return the lines to print now; each begins with the time of day in UTC."""
        told = [f"{rig.name} is out: {_reason(rig)}" for rig in seen.out if rig.name not in self._out]
        self._out |= {rig.name for rig in seen.out}
        line = "  ".join(part for part in (seen.standing.headline, seen.best, seen.tasks) if part)
        state = (seen.standing.tone, seen.is_over, seen.progress is None)
        due = state != self._state or self._clock() - self._said_at >= COUNTS_EVERY_S
        if line != self._said and due:
            self._said, self._state, self._said_at = line, state, self._clock()
            told.append(line)
        return [f"{datetime.now(UTC):%H:%M:%S}Z  {one}" for one in told]


def drawing(seen: Watched) -> RenderableType:
    """Return a run as it is drawn: how it stands, a bar, a row for each rig, the last attempt that failed."""
    lines: list[RenderableType] = [Text(seen.standing.headline, style="bold")]
    lines += [Text(line, style="dim") for line in (seen.standing.note, seen.tasks) if line]
    progress = seen.progress
    if progress is not None:
        told = [f"{progress.done:,}/{progress.budget:,}", *([seen.best] if seen.best else [])]
        bar = Table.grid(padding=(0, 2))
        bar.add_row(ProgressBar(total=progress.budget, completed=progress.ended, width=_BAR), "  ".join(told))
        lines += [bar, *([_rigs(progress)] if progress.rigs else []), *_failed(progress)]
    return Group(*lines)


def _rigs(progress: Progress) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("rig", "lanes at work", "done", "median", "against others", ""):
        table.add_column(name, justify="left" if name in ("rig", "") else "right")
    for rig in progress.rigs:
        ratio = "" if rig.against is None else f"{rig.against.ratio:.1f}×"
        told = f"out: {_reason(rig)}" if rig.out is not None else "SLOW" if rig.is_slow else ""
        lanes = f"{rig.at_work}/{len(rig.lanes)}"
        median = words.seconds(rig.median_s)
        table.add_row(rig.name, lanes, f"{rig.done:,}", median, ratio, Text(told, style="red"))
    return table


def _failed(progress: Progress) -> list[Text]:
    if not progress.failures:
        return []
    _, last = progress.failures[0]
    many = words.count(progress.failed_attempts, "failed attempt")
    return [Text(f"{many}, the last of {last.lane}: {_one_line(last.error)}", style="yellow")]


def _reason(rig: RigLine) -> str:
    return _one_line(rig.out or "")


def _one_line(text: str) -> str:
    """Return what a rig may have said, as it can be shown in a line."""
    return " ".join(printable(text, _REASON).split())
