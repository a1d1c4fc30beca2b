"""What commands print: tables for people, JSON for programs, both on standard output."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_WIDTH_IN_A_PIPE, _UNBOUNDED = 200, 100_000
Cell = str | Text


def print_table(columns: Iterable[str], rows: Iterable[Iterable[Cell]], title: str | None = None) -> None:
    """Print a table as wide as the terminal; text is folded, never cut, and never read as markup."""
    _console().print(_filled(Table(title=title, title_justify="left"), columns, rows))


def print_list(columns: Sequence[str], rows: Sequence[Sequence[str]], narrow: Sequence[tuple[int, int | None]]) -> None:
    """Print a row in a line where all of them fit, and else in two: `narrow` says which cells, by place."""
    console, wide = _console(), _filled(Table(), columns, rows)
    if Measurement.get(console, console.options.update(max_width=_UNBOUNDED), wide).maximum <= console.width:
        console.print(wide)
        return
    heads, *stacked = (
        ["\n".join(row[place] for place in cell if place is not None) for cell in narrow] for row in (columns, *rows)
    )
    console.print(_filled(Table(box=None, padding=(0, 1, 0, 0)), heads, stacked))


def _filled(table: Table, columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Table:
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return table


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDTH_IN_A_PIPE, highlight=False)


def print_facts(**facts: object) -> None:
    """Print one name and value a line, the values in one column."""
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        typer.echo(f"{name.replace('_', ' '):<{width}}  {value}")


def print_json(document: Any) -> None:
    """Print a JSON document on standard output, and nothing else there."""
    typer.echo(json.dumps(document, indent=2, allow_nan=False))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep standard output for what the command prints: libraries' warnings go to standard error, the rest nowhere."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        logging.disable(before)
