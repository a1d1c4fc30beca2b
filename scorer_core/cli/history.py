"""`gate-history`: what the gate decided on each pool, and what of alpha is left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scorer_core.cli.installation import open_installation
from scorer_core.cli.output import print_json, print_table

if TYPE_CHECKING:
    from scorer_core.ledger.decisions import PastDecision

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
    """List every decision that read a holdout, pool by pool, and the share of alpha that it could spend.

    A run that was rejected before its holdout was read spent none, and is not listed.
    """
    from scorer_core.ledger.decisions import decisions
    from scorer_core.pool.survivors import content_id, load_pool

    content = None if pool is None else content_id(load_pool(pool))
    _, ledger = open_installation()
    found = decisions(ledger, content)
    if as_json:
        print_json([_record(decision) for decision in found])
        return
    rows = [
        (
            decision.pool_content[:_CONTENT_SHOWN],
            str(decision.number),
            decision.run_id,
            f"{decision.alpha:g}",
            f"{_may_spend(decision):.2g}",
            decision.verdict or UNDECIDED,
            f"{decision.decided_at:%Y-%m-%d %H:%M:%S}Z",
        )
        for decision in found
    ]
    print_table(("pool", "decision", "run", "alpha", "may spend", "verdict", "decided"), rows)
    for line in _what_is_left(found):
        typer.echo(line)


def _record(decision: PastDecision) -> dict[str, Any]:
    return {
        "pool_content": decision.pool_content,
        "split": decision.split,
        "decision": decision.number,
        "run_id": decision.run_id,
        "alpha": decision.alpha,
        "alpha_j": _may_spend(decision),
        "verdict": decision.verdict,
        "decided_at": decision.decided_at.isoformat(),
    }


def _may_spend(decision: PastDecision, further: int = 0) -> float:
    """Return the share of alpha that a decision may spend, or one so many `further` on its pool."""
    from scorer_core.spending import share_of

    return share_of(decision.alpha, decision.number + further)


def _what_is_left(found: list[PastDecision]) -> list[str]:
    """Say, for each pool, what the next decision may spend of the alpha that the last one was given."""
    last = {(decision.pool_content, decision.split): decision for decision in found}
    return [
        f"pool {decision.pool_content[:_CONTENT_SHOWN]}: decision {decision.number + 1} may spend "
        f"{_may_spend(decision, further=1):.2g} of {decision.alpha:g}"
        for decision in last.values()
    ]
