"""How the command line fails: what a person can mend is one line on standard error, with exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from scorer_core.errors import InputError, ScorerError

EXIT_FAILED = 2


class OneLineErrors(TyperGroup):
    """The root group: turns errors raised on purpose into one line; a defect keeps its traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line, then exit: 0, the command's own code, or 2."""
        extra["standalone_mode"] = False  # else typer prints its usage errors itself, in several lines
        try:
            code = super().main(*args, **extra)
        except ScorerError as error:
            _fail(str(error))
        except typer.TyperException as error:
            _fail(_usage(error))
        except typer.Abort:
            _fail("standard input ended.")
        sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Name the file in the error when it cannot be read."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from None


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Name the file in the error when it cannot be written."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}). Choose another place.") from None


def _usage(error: typer.TyperException) -> str:
    """Return what typer found wrong, without the words of the library below it, and where the help is."""
    message = error.format_message().replace("Value error, ", "").replace("Input should be ", "needs ")
    message += "" if message.endswith((".", "?")) else "."
    context = getattr(error, "ctx", None)
    return message if context is None else f"{message} Try `{context.command_path} --help`."


def _fail(message: str) -> None:
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    sys.exit(EXIT_FAILED)
