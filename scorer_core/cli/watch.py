"""`watch`: a run while it goes, and at its end what `show` says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scorer_core.views.installation import Installation
    from scorer_core.views.watched import Watched


def add_to(app: typer.Typer) -> None:
    """Make `scorer watch` a command of the program."""
    app.command("watch")(watch)


def watch(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run id, as `scorer runs` lists it.")],
    wait: Annotated[
        float, typer.Option("--wait", metavar="S", min=0, help="Seconds to wait for a run that is only triggered yet.")
    ] = 0.0,
) -> None:
    """Follow a run until it is over, then show it as `scorer show` does; it only reads, and Ctrl-C ends it alone.

    On a terminal the view is drawn anew; in a pipe or a file there is a line for each change.
    Exit code 0 when the run is over, whatever its verdict.
    """
    from rich.console import Console

    from scorer_core.cli.follow import follow
    from scorer_core.cli.installation import database_errors
    from scorer_core.cli.show import print_run
    from scorer_core.views.run_page import run_view

    deadline = time.monotonic() + wait
    with database_errors():
        installation = _opened(deadline)
        follow(lambda: _look(installation, run, deadline), Console(highlight=False, soft_wrap=True))
        found = run_view(installation, run)
    print_run(found)


def _opened(deadline: float) -> Installation:
    """Return the installation; the first run of all makes its ledger."""
    from scorer_core.cli.follow import LOOK_EVERY_S
    from scorer_core.cli.installation import open_to_look
    from scorer_core.errors import RunNotFound
    from scorer_core.views.installation import Installation

    while True:
        try:
            return Installation(*open_to_look())
        except RunNotFound:
            if time.monotonic() >= deadline:
                raise
        time.sleep(LOOK_EVERY_S)


def _look(installation: Installation, run: str, deadline: float) -> Watched:
    from scorer_core.errors import RunNotFound
    from scorer_core.ledger.runs import unknown_run
    from scorer_core.views.watched import NOT_YET, Watched, watched

    try:
        return watched(installation, run)
    except RunNotFound:
        if time.monotonic() < deadline:
            return Watched(NOT_YET, None, is_over=False)
        raise unknown_run(run) from None
