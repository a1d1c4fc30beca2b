"""`compare-policies`: every mask policy on one pool, with confidence intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from scorer_core.cli.errors import writable
from scorer_core.cli.output import print_json, print_table
from scorer_core.cli.search import rows_option
from scorer_core.engines import SearchEngine, traits_of
from scorer_core.errors import InputError

_ROWS = (
    ("best holdout lift", "holdout_lift", "{:.3f}"),
    ("publish rate", "publish_rate", "{:.1%}"),
    ("trials with a blind dimension", "blind", "{:.1%}"),
    ("trials rejected", "rejected", "{:.1%}"),
    ("median keep of the accepted", "median_keep", "{:.1%}"),
)


def add_to(app: typer.Typer) -> None:
    """Make `scorer compare-policies` a command of the program."""
    app.command("compare-policies")(compare_policies)


def compare_policies(
    pool: Annotated[Path, typer.Option(metavar="P", help="Pool; its holdout is not read.")],
    n_trials: Annotated[int, typer.Option(metavar="N", help="Trials of each search.")] = 100,
    repeats: Annotated[int, typer.Option(metavar="R", min=1, help="Searches with each policy.")] = 20,
    sample_size: Annotated[str, typer.Option(metavar="K|all", help="Rows that each trial scores.")] = "5000",
    search: Annotated[
        SearchEngine, typer.Option(help="How configs are chosen; a sweep, which samples nothing, is refused.")
    ] = SearchEngine.TPE,
    seed: Annotated[int, typer.Option(metavar="S", help="The same one gives the same result.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="F.json", help="Write the result as JSON, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Search with each mask policy: same rows, seeds and budget; report how they differ from the default.

    Nothing is decided and no alpha is spent: each repeat keeps back 30 % of the pool's search rows.
    """
    from rich.console import Console
    from rich.progress import Progress

    from scorer_core.evidence.policies import compare
    from scorer_core.pool.survivors import load_pool
    from scorer_core.run.files import write_json
    from scorer_core.spec import RunSpec

    if traits_of(search).walks_grid:
        raise InputError(f"--search {search}: searches that sample are compared here; use another engine.")
    conf = {"n_trials": n_trials, "sample_size": rows_option(sample_size), "search": search, "seed": seed}
    spec = RunSpec.from_conf(conf)
    survivors = load_pool(pool)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task("comparing", total=repeats)
        result = compare.compare_policies(survivors, spec, repeats, lambda: progress.advance(bar))
    if out is not None:
        with writable(out):
            write_json(out, result)
    if as_json:
        print_json(result)
        return
    _print(result)


def _print(result: dict[str, Any]) -> None:
    from scorer_core.evidence.policies.compare import OTHERS, less_reference

    paired = {other.value: result[less_reference(other)] for other in OTHERS}
    rows = [
        (
            name,
            *(_told(side[key], form) for side in result["policies"].values()),
            *(_told(differences.get(key, differences["published"]), form) for differences in paired.values()),
        )
        for name, key, form in _ROWS
    ]
    title = f"{result['repeats']} repeats on {result['rows']:,} search rows, means with 95 % confidence intervals"
    differences = (f"{other}, difference in pairs" for other in paired)
    print_table(("", *result["policies"], *differences), rows, title=title)
    typer.echo(result["finding"])
    typer.echo("Each repeat kept 30 % of these rows back as its own holdout: rates are those of a pool 70 % as large.")


def _told(interval: dict[str, float | None], form: str) -> str:
    if interval["value"] is None:
        return "-"
    if interval["low"] is None:
        return form.format(interval["value"])
    return f"{form.format(interval['value'])} ({form.format(interval['low'])} to {form.format(interval['high'])})"
