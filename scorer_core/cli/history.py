"""`gate-history`: every decision of the installation's life, and what of alpha is left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scorer_core.cli.installation import open_installation
from scorer_core.cli.output import print_json, print_table

if TYPE_CHECKING:
    from scorer_core.ledger.keys import Taken

_CONTENT_SHOWN = 12
UNDECIDED = "undecided"


def add_to(app: typer.Typer) -> None:
    """Make `scorer gate-history` a command of the program."""
    app.command("gate-history")(gate_history)


def gate_history(
    pool: Annotated[
        Path | None, typer.Option(metavar="P", help="Only this pool, whatever its name, row order or compression.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List every decision that this installation was asked for, in order, and the share of alpha that it may spend.

    A number is taken before a search begins: a run that was cut short keeps its own.
    """
    from scorer_core.ledger.keys import next_number, taken
    from scorer_core.ledger.verdicts import all_settled
    from scorer_core.pool.survivors import content_id, load_pool
    from scorer_core.spending import share_of

    content = None if pool is None else content_id(load_pool(pool))
    settings, ledger = open_installation()
    verdicts: dict[int | None, list[str]] = {}
    for one in all_settled(ledger.engine):
        verdicts.setdefault(one.number, []).append(one.verdict)
    found = [one for one in taken(ledger.engine) if content in (None, one.key.pool_content)]
    if as_json:
        print_json([_record(one, verdicts.get(one.number, [])) for one in found])
        return
    print_table(
        ("decision", "pool", "mask policy", "asked for by", "alpha", "may spend", "verdicts", "asked for at"),
        [_row(one, verdicts.get(one.number, [])) for one in found],
    )
    following = next_number(ledger.engine)
    share = share_of(settings.alpha, following)
    typer.echo(f"decision {following}, the next that is new, may spend {share:.2g} of {settings.alpha:g}")


def _row(decision: Taken, verdicts: list[str]) -> tuple[str, ...]:
    return (
        str(decision.number),
        decision.key.pool_content[:_CONTENT_SHOWN],
        decision.key.mask_policy,
        decision.run_id,
        f"{decision.alpha:g}",
        f"{decision.alpha_j:.2g}",
        ", ".join(verdicts) or UNDECIDED,
        f"{decision.taken_at:%Y-%m-%d %H:%M:%S}Z",
    )


def _record(decision: Taken, verdicts: list[str]) -> dict[str, Any]:
    return {
        "decision": decision.number,
        "pool_content": decision.key.pool_content,
        "mask_policy": decision.key.mask_policy,
        "space": decision.key.space,
        "strata": decision.key.strata,
        "run_id": decision.run_id,
        "alpha": decision.alpha,
        "alpha_j": decision.alpha_j,
        "verdicts": verdicts,
        "taken_at": decision.taken_at.isoformat(),
    }
