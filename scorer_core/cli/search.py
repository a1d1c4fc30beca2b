"""`search`: a whole search in one process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scorer_core.cli.installation import open_installation
from scorer_core.cli.output import print_facts
from scorer_core.engines import SAMPLED_TRIALS, SearchEngine, in_words, samplers
from scorer_core.errors import InputError, RunError
from scorer_core.scoring.policies import MaskPolicy

if TYPE_CHECKING:
    from scorer_core.context import RunContext
    from scorer_core.rig.protocol import TrialResult

ALL_ROWS = "all"


def add_to(app: typer.Typer) -> None:
    """Make `scorer search` a command of the program."""
    app.command("search")(search)


def search(
    pool: Annotated[Path, typer.Option(metavar="P", help="Pool: an NPZ file, or a JSON list of records.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Run folder to make; it must be new or empty.")],
    engine: Annotated[
        SearchEngine, typer.Option("--search", help=f"How configs are chosen: {in_words()}.")
    ] = SearchEngine.SWEEP,
    n_trials: Annotated[
        int | None,
        typer.Option(metavar="N", help=f"Trials of {samplers()}, {SAMPLED_TRIALS} unless given; a sweep refuses it."),
    ] = None,
    sample_size: Annotated[
        str, typer.Option(metavar="K|all", help="Rows that each trial or shard scores, at least 50, or all.")
    ] = ALL_ROWS,
    mask_policy: Annotated[
        MaskPolicy, typer.Option(help="How far into a modulus a residue still votes.")
    ] = MaskPolicy.MAX_OFFSET,
    fixed_params: Annotated[
        str, typer.Option(metavar="JSON", help='Parameters that are not searched, as {"dropout": 0.2}.')
    ] = "{}",
    seed: Annotated[
        int | None,
        typer.Option(metavar="S", help="The same one asks for the same trials; none draws one; a sweep refuses it."),
    ] = None,
) -> None:
    """Search in this one process, without Airflow or SSH, and write a run folder.

    Nothing is decided and nothing is published: `scorer gate` and `scorer publish` do that, on this directory. But the
    number of the decision is taken before the search begins.
    """
    from scorer_core.cli.in_one_process import search_run
    from scorer_core.spec import RunSpec

    conf = {
        "n_trials": n_trials,
        "sample_size": rows_option(sample_size),
        "search": engine,
        "mask_policy": mask_policy,
        "fixed_params": _json_object(fixed_params),
        "seed": seed,
    }
    settings, _ = open_installation()
    with _progress(RunSpec.from_conf(conf).n_trials) as on_result:
        context = search_run(settings, conf, pool, out, on_result)
    _print_best(context)


def _print_best(context: RunContext) -> None:
    """Print the best trial of a run; raises RunError when none has a result."""
    from scorer_core.report.summary import read_summary

    best = read_summary(context.files).best
    if best is None:
        raise RunError(f"{context.files.location}: no trial has a result; see report.html there.")
    params = " ".join(f"{name}={value}" for name, value in best.params.items())
    print_facts(
        run=context.run_id,
        best_trial=f"{best.number}, objective {best.objective:.4f} ({best.reason.value}, keep {best.keep:.1%})",
        parameters=params,
        folder=context.files.location,
    )


_MAX_DIGITS = 18


def rows_option(text: str) -> int | None:
    """Return a sample size as the conf has it: None means all rows."""
    if text == ALL_ROWS:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise InputError(
            f"--sample-size {text[:40]!r} is not known; write a number of rows, at least 50, or {ALL_ROWS}."
        )
    return int(text)


def _json_object(text: str) -> dict[str, Any]:
    """Return the parameters that --fixed-params names."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError(f"--fixed-params {text!r} is no JSON object; write it as '{{\"dropout\": 0.2}}'.")
    return found


@contextmanager
def _progress(total: int) -> Iterator[Callable[[TrialResult], None]]:
    """Show a bar on standard error while trials come in, on a terminal only."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    best = float("-inf")
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task("searching", total=total)

        def show(result: TrialResult) -> None:
            nonlocal best
            best = max(best, result.evaluation["objective"])
            progress.update(bar, advance=1, description=f"best {best:+.4f}")

        yield show
