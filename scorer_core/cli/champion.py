"""`champion`: the published config, where each parameter comes from, and what a rollback would put back."""

from __future__ import annotations

from typing import Annotated

import typer

from scorer_core.cli.output import print_facts, print_json, print_table


def add_to(app: typer.Typer) -> None:
    """Make `scorer champion` a command of the program."""
    app.command("champion")(champion)


def champion(as_json: Annotated[bool, typer.Option("--json", help="Print the config itself.")] = False) -> None:
    """Show the published config; it only reads, and needs no ledger."""
    from scorer_core.errors import RunNotFound
    from scorer_core.publish.publisher import Publisher
    from scorer_core.settings import load_settings
    from scorer_core.views.published import parameters_of

    publisher = Publisher(load_settings().publish_dir)
    config = publisher.published()
    if config is None:
        raise RunNotFound(f"{publisher.config}: nothing is published yet. `scorer publish` or the DAG publishes.")
    if as_json:
        print_json(config)
        return
    found = config.get("_run_context")
    context = found if isinstance(found, dict) else {}
    print_facts(config=publisher.config, run=context.get("run_id", "-"), mask_policy=context.get("mask_policy", "-"))
    rows = [(one.name, str(one.value), one.source or "-", "yes" if one.seen else "no") for one in parameters_of(config)]
    print_table(("parameter", "value", "from", "seen by the objective"), rows)
