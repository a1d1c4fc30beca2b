"""The command `scorer`: its groups and its global options."""

from __future__ import annotations

from typing import Annotated

import typer

from scorer_core import __version__
from scorer_core.cli import champion, cluster, db, fleet, history, policies, pools, runs, search, show, watch
from scorer_core.cli.errors import OneLineErrors

HELP_NAMES = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="scorer",
    cls=OneLineErrors,
    help="Finds scorer parameters that really enrich the minority of a pool of PRNG seeds.",
    epilog="Where runs, ledger, inventory and published config are: the SCORER_ variables, see docs/operations.md.",
    context_settings=HELP_NAMES,
    add_completion=False,
    pretty_exceptions_enable=False,  # they would print local variables, and with them passwords
)
for group in (pools, search, runs, show, watch, champion, fleet, history, policies):
    group.add_to(app)
app.add_typer(cluster.app, name="cluster")
app.add_typer(db.app, name="db")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"scorer {__version__}")
        raise typer.Exit


def _show_tracebacks(wanted: bool) -> None:
    OneLineErrors.debug = wanted


@app.callback()
def _options(
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    _debug: Annotated[
        bool, typer.Option("--debug", callback=_show_tracebacks, help="Show the traceback of a fault of the program.")
    ] = False,
) -> None:
    """Take the global options."""


def main() -> None:
    """Run the command line on the process's arguments."""
    app(prog_name="scorer")
