"""`make compose-demo`: one run of the DAG on the services of docker-compose.yaml, from a container among them."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Annotated

import typer
from rich.console import Console

from scorer_core.cli.search import ALL_ROWS
from scorer_core.context import open_ledger
from scorer_core.engines import SearchEngine, in_words, samplers
from scorer_core.errors import ScorerError
from scorer_core.pool.files import write_columns
from scorer_core.settings import load_settings
from scorer_core.views.installation import Installation
from sim.demo.airflow_stack import USER
from sim.demo.client import AirflowClient
from sim.demo.follow import follow
from sim.demo.one_run import conclude, conf_of, sample_pool, trigger
from sim.pools import PoolKind

_API = "http://api-server:8080"
_POOL = "demo.npz"
_EXIT_INPUT = 2


def main(
    pool: Annotated[PoolKind, typer.Option(help="sample pool")] = PoolKind.PLANTED,
    trials: Annotated[int | None, typer.Option(help=f"n_trials of the run, for {samplers()}")] = None,
    sample_size: Annotated[str, typer.Option(help="rows a trial, or `all`")] = ALL_ROWS,
    lift: Annotated[float | None, typer.Option(help="of a planted pool, in place of its own")] = None,
    search: Annotated[SearchEngine, typer.Option(help=in_words())] = SearchEngine.SWEEP,
    seed: Annotated[int, typer.Option(help=f"seed of the pool, and of {samplers()}")] = 1,
    timeout_s: Annotated[float, typer.Option(help="seconds that the run may take")] = 1800.0,
) -> None:
    """Make a sample pool, trigger the DAG on it, wait for its end and print what it found."""
    console = Console(soft_wrap=True)
    try:
        conf = conf_of(trials, sample_size, search, seed) | {"survivors_path": _POOL}
        settings = load_settings()
        columns = sample_pool(console, pool, seed, lift)
        write_columns(settings.data_dir / _POOL, columns)
        with closing(AirflowClient(_API, USER, os.environ["ADMIN_PASSWORD"])) as client:
            client.wait_for_dag()
            installation = Installation(settings, open_ledger(settings).engine)
            run = follow(console, client, installation, trigger(client, conf), timeout_s)
            ended_well = conclude(console, client, settings, pool, columns, run)
    except ScorerError as error:
        console.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(_EXIT_INPUT) from None
    raise typer.Exit(0 if ended_well else 1)


if __name__ == "__main__":
    typer.run(main)
