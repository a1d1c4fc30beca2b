"""Tables of a task's log: one event a line, each of its own level, no line wider than 120 columns."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Iterator, Mapping

from scorer_core.gate.decision import Decision
from scorer_core.run.collected import Collected
from scorer_core.text import printable

WIDTH = 120
Line = tuple[int, str]
"""Level and text of an event."""

_MARKS: Mapping[bool | None, tuple[int, str]] = {
    True: (logging.INFO, "passed"),
    False: (logging.ERROR, "FAILED"),
    None: (logging.WARNING, "not evaluated"),
}


def of_checks(decision: Decision) -> Iterator[Line]:
    """Yield the gate's checks as a table: what failed is an error, what was not evaluated a warning."""
    for check in decision.checks:
        level, mark = _MARKS[check.passed]
        yield from _row(level, check.name, mark, check.meaning)


def of_collected(found: Collected) -> Iterator[Line]:
    """Yield what collect made agree as a table: counts, then what each node's journals held, then what is wrong."""
    counts = (
        ("budget", f"{found.budget} tickets"),
        ("executed", f"{found.executed}, {found.failed} failed"),
        ("collected", f"{found.collected} in a journal, {found.recovered} recovered from one"),
        ("reported", f"{found.reported} in the study of record"),
        ("checked", f"{found.checked} answers by the head, {found.agreed} shards by a second rig"),
    )
    for name, words in counts:
        yield from _row(logging.INFO, name, words)
    for node, count in sorted(found.journalled.items()):
        yield from _row(logging.INFO, node, f"{count} results in its journals")
    if found.torn_lines:
        yield from _row(logging.WARNING, "torn", f"{found.torn_lines} lines that a worker did not finish")
    if found.stopped:
        yield from _row(logging.WARNING, "stopped", found.stopped)
    wrong = (
        ("unreachable", found.unreachable),
        ("taken out", found.taken_out),
        ("refused", found.refused),
        ("slow", found.slow),
        ("not believed", found.distrusted),
    )
    for mark, nodes in wrong:
        for node, why in sorted(nodes.items()):
            yield from _row(logging.WARNING, node, mark, why)


def tell(log: logging.Logger, lines: Iterator[Line]) -> None:
    """Log a table."""
    for level, text in lines:
        log.log(level, "%s", text)


def _row(level: int, *cells: str) -> Iterator[Line]:
    """Yield a row; its last cell is folded."""
    *names, words = cells
    head = "".join(f"{name:<13} " for name in names)
    for number, part in enumerate(textwrap.wrap(printable(words), WIDTH - len(head)) or [""]):
        yield level, (head if number == 0 else " " * len(head)) + part
