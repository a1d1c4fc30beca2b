"""What commands print: tables for people, JSON for programs, both on standard output."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDTH_IN_A_PIPE = 200
Cell = str | Text


def print_table(columns: Iterable[str], rows: Iterable[Iterable[Cell]], title: str | None = None) -> None:
    """Print a table as wide as the terminal; text is folded, never cut, and never read as markup."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    width = None if sys.stdout.isatty() else _WIDTH_IN_A_PIPE
    Console(width=width, highlight=False).print(table)


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
