"""`show`: one run at a glance, as `make demo` shows it at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scorer_core.cli.output import print_json, print_table

if TYPE_CHECKING:
    from scorer_core.views.run_page import RunView


def add_to(app: typer.Typer) -> None:
    """Make `scorer show` a command of the program."""
    app.command("show")(show)


def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run id, as `scorer runs` lists it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the run's summary as JSON.")] = False,
) -> None:
    """Show what a run did and found, in a table; it only reads. What its folder no longer tells, the ledger does."""
    from scorer_core.cli.installation import database_errors, open_to_look
    from scorer_core.errors import RunNotFound
    from scorer_core.ledger.runs import unknown_run
    from scorer_core.views.installation import Installation
    from scorer_core.views.run_page import run_view

    settings, engine = open_to_look()
    try:
        with database_errors():
            found = run_view(Installation(settings, engine), run)
    except RunNotFound:  # a page does not repeat what it was asked for
        raise unknown_run(run) from None
    if as_json:
        print_json(found.summary.to_json())
    else:
        print_run(found)


def print_run(found: RunView) -> None:
    """Print a run's table, and its verdict with the reason.

    Raises:
        RunError: its files hold something that cannot be shown.
    """
    from scorer_core.errors import RunError
    from scorer_core.report.at_a_glance import at_a_glance
    from scorer_core.report.gathered import UNFIT
    from scorer_core.text import printable

    run = found.record.run_id
    try:
        rows = at_a_glance(found.summary)
    except UNFIT as error:
        raise RunError(f"run {run!r} cannot be shown: its files say something odd ({error}).") from None
    print_table(("run", run), rows)
    if found.no_files:
        typer.echo(found.no_files)
    if found.settled is not None and found.settled.decision is not None:
        typer.echo(printable(f"{found.settled.verdict}: {found.settled.decision.get('reason', '')}"))
