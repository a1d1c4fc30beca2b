"""`compare-policies`: every mask policy on one pool, with confidence intervals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scorer_core.cli.errors import check_writable, writable
from scorer_core.cli.installation import open_installation
from scorer_core.cli.output import print_json, print_table
from scorer_core.cli.search import ALL_ROWS, rows_option
from scorer_core.engines import SearchEngine, samplers

if TYPE_CHECKING:
    from scorer_core.pool.survivors import Pool

_ROWS = (
    ("lift of the best, on rows kept back", "lift", "{:.3f}"),
    ("trials with a blind dimension", "blind", "{:.1%}"),
    ("trials rejected", "rejected", "{:.1%}"),
    ("median keep of the accepted", "median_keep", "{:.1%}"),
)


def add_to(app: typer.Typer) -> None:
    """Make `scorer compare-policies` a command of the program."""
    app.command("compare-policies")(compare_policies)


def compare_policies(
    pool: Annotated[Path, typer.Option(metavar="P", help="Pool.")],
    search: Annotated[
        SearchEngine, typer.Option(help="How configs are chosen; sweeps compare optimum with optimum.")
    ] = SearchEngine.SWEEP,
    n_trials: Annotated[
        int | None, typer.Option(metavar="N", help=f"Trials of each search by {samplers()}; a sweep refuses it.")
    ] = None,
    repeats: Annotated[int, typer.Option(metavar="R", min=1, help="Searches with each policy.")] = 10,
    sample_size: Annotated[str, typer.Option(metavar="K|all", help="Rows that each trial scores.")] = ALL_ROWS,
    seed: Annotated[int, typer.Option(metavar="S", min=0, help="The same one gives the same result.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="F.json", help="Write the result as JSON, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Search with each mask policy on the same rows, over and over; report how they differ from the default.

    Nothing is decided, but labels are looked at: the numbers of the decisions on this pool are taken, as by a search.
    """
    from rich.console import Console
    from rich.progress import Progress

    from scorer_core.conf import RunConf
    from scorer_core.evidence.policies import compare
    from scorer_core.pool.survivors import load_pool
    from scorer_core.run.files import write_json

    conf = RunConf.checked({"n_trials": n_trials, "sample_size": rows_option(sample_size), "search": search})
    survivors = load_pool(pool)
    if out is not None:
        check_writable(out)
    _take_numbers(survivors)
    console = Console(stderr=True)
    _tell_estimate(compare.estimate(survivors, conf, repeats))
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task("comparing", total=repeats)
        result = compare.compare_policies(survivors, conf, repeats, seed, lambda: progress.advance(bar))
    if out is not None:
        with writable(out):
            write_json(out, result)
    if as_json:
        print_json(result)
        return
    _print(result)


def _take_numbers(pool: Pool) -> None:
    """Take the numbers of the decisions on a pool, with each policy, before its labels are looked at."""
    from scorer_core.asking import asking
    from scorer_core.ledger.keys import take_all
    from scorer_core.scoring.policies import MaskPolicy

    settings, ledger = open_installation()
    asks = (asking(settings, ledger, pool, policy).asked for policy in MaskPolicy)
    take_all(ledger.engine, [ask for ask in asks if ask is not None], "compare-policies")


def _tell_estimate(seconds: float | None) -> None:
    """Say on standard error how long it will take, where that is known."""
    if seconds is not None:
        typer.echo(f"this will take about {max(1, round(seconds / 60))} min; --repeats makes it shorter", err=True)


def _print(result: dict[str, Any]) -> None:
    from scorer_core.evidence.policies.compare import OTHERS, less_reference

    paired = {other.value: result[less_reference(other)] for other in OTHERS}
    rows = [
        (
            name,
            *(_told(side[key], form) for side in result["policies"].values()),
            *(_told(differences[key], form) for differences in paired.values()),
        )
        for name, key, form in _ROWS
    ]
    title = f"{result['repeats']} repeats on {result['rows']:,} rows, means with 95 % confidence intervals"
    differences = (f"{other}, difference in pairs" for other in paired)
    print_table(("", *result["policies"], *differences), rows, title=title)
    typer.echo(result["finding"])


def _told(interval: dict[str, float | None], form: str) -> str:
    if interval["value"] is None:
        return "-"
    if interval["low"] is None:
        return form.format(interval["value"])
    return f"{form.format(interval['value'])} ({form.format(interval['low'])} to {form.format(interval['high'])})"
