"""How the command line fails: what a person can mend is one line on standard error, with exit code 2."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from scorer_core.errors import InputError, ScorerError
from scorer_core.text import printable

EXIT_FAILED = 2
EXIT_INTERRUPTED, EXIT_TERMINATED = 130, 143
_MAX_TOLD = 300


class OneLineErrors(TyperGroup):
    """The root group: turns errors into one line; the traceback of a defect goes to a file, or is shown on demand."""

    debug = False
    """Whether a defect shows its traceback: `--debug`."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line, then exit: 0, the command's own code, 2, or 130 and 143 when it was interrupted."""
        extra["standalone_mode"] = False  # else typer prints its usage errors itself, in several lines
        try:
            with _ended_by_sigterm():
                code = super().main(*args, **extra)
        except ScorerError as error:
            _fail(str(error))
        except typer.TyperException as error:
            _fail(_usage(error))
        except typer.Abort:
            _fail("standard input ended.")
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)
        except OSError as error:  # of standard output, whose reader may be gone: other files are named where they are
            _close_output(error)
        except Exception as error:
            if self.debug:
                raise
            _fail(_fault(error))
        sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """End on SIGTERM as on Ctrl-C: what was begun is cleared away, and a search's report written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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


def check_writable(path: Path) -> None:
    """See that a file can be written there, before the work whose result it is to hold.

    Raises:
        InputError: it is a folder, or its folder cannot be written.
    """
    with writable(path):
        if path.is_dir() or not path.name:
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass


def _usage(error: typer.TyperException) -> str:
    """Return what typer found wrong, without the words of the library below it, and where the help is."""
    message = error.format_message().replace("Value error, ", "").replace("Input should be ", "needs ")
    message += "" if message.endswith((".", "?")) else "."
    context = getattr(error, "ctx", None)
    return message if context is None else f"{message} Try `{context.command_path} --help`."


def _fault(error: Exception) -> str:
    """Return what to say of an error that nobody foresaw, its traceback written to a file."""
    with tempfile.NamedTemporaryFile("w", prefix="scorer-", suffix=".txt", delete=False, encoding="utf-8") as stream:
        stream.write("".join(traceback.format_exception(error)))
    told = str(error)[:_MAX_TOLD]
    return (
        f"a fault of the program: {type(error).__name__}: {told} Its traceback is in {stream.name}; --debug shows it."
    )


def _close_output(error: OSError) -> None:
    """End a command that could not write what it had to say."""
    if error.filename is not None:
        _fail(f"{error.filename}: {error.strerror}.")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())  # or the interpreter fails once more when it ends
    if isinstance(error, BrokenPipeError):
        sys.exit(EXIT_FAILED)
    _fail(f"standard output cannot be written: {error.strerror}.")


def _fail(message: str) -> None:
    typer.echo(f"error: {' '.join(printable(message).split())}", err=True)
    sys.exit(EXIT_FAILED)
