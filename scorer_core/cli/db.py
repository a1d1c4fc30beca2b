"""`db status` and `db upgrade`: of which version the ledger's tables are, and how they get to this release's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scorer_core.cli.installation import database_errors
from scorer_core.cli.output import print_facts

if TYPE_CHECKING:
    from sqlalchemy import Engine

app = typer.Typer(help="Look after the ledger's tables.")


@app.command()
def status() -> None:
    """Say of which version the ledger's tables are, and which runs are open. Nothing is changed.

    Exit code 2 when they are of another version than this release needs.
    """
    from scorer_core.ledger import schema
    from scorer_core.ledger.migrate import look, refuse_another_version

    with database_errors():
        found = look(_engine())
    print_facts(
        tables=_named(found.version),
        this_release=schema.HEAD,
        open_runs=", ".join(found.open_runs) or "none",
    )
    refuse_another_version(found)


@app.command()
def upgrade(
    abandon: Annotated[
        bool, typer.Option("--abandon", help="End the runs that are open, as they are, instead of refusing.")
    ] = False,
    if_needed: Annotated[
        bool, typer.Option("--if-needed", help="Leave tables of this release's version alone, and runs that are open.")
    ] = False,
) -> None:
    """Bring the ledger's tables to this release's version. Refused while a run is open; again changes nothing.

    Back the database up first: there is no way back.
    """
    from scorer_core.ledger import migrate, schema
    from scorer_core.ledger.database import writing

    with database_errors():
        found = migrate.upgrade(writing(_engine()), abandon=abandon, if_needed=if_needed)
    print_facts(
        tables=f"were {_named(found.version)}, are {schema.HEAD}",
        abandoned=", ".join(found.open_runs) or "none",
    )


def _engine() -> Engine:
    """Return the database as it is: opening the ledger would refuse what is to be upgraded."""
    from scorer_core.ledger.database import open_engine
    from scorer_core.settings import load_settings

    return open_engine(load_settings().database_url)


def _named(version: str | None) -> str:
    return "none yet" if version is None else version
