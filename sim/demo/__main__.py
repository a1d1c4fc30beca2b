"""The program behind `make demo`."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.console import Console

from scorer_core.cli.search import ALL_ROWS
from scorer_core.conf import RunConf
from scorer_core.engines import SearchEngine, in_words, samplers
from scorer_core.errors import ScorerError
from scorer_core.views.installation import Installation
from sim.demo.airflow_stack import USER
from sim.demo.client import DAG_ID
from sim.demo.follow import follow
from sim.demo.home import demo_home
from sim.demo.interrupts import end_once
from sim.demo.memory import MemoryWatch
from sim.demo.one_run import conclude, conf_of, sample_pool, trigger
from sim.demo.stand import REPOSITORY, Columns, Stand, stand
from sim.pools import PoolKind

_TIMEOUT_S, _ROWS_A_SECOND = 900.0, 250.0
_EXIT_INPUT = 2


def main(
    pool: Annotated[PoolKind, typer.Option(help="sample pool")] = PoolKind.PLANTED,
    trials: Annotated[int | None, typer.Option(help=f"n_trials of the run, for {samplers()}")] = None,
    sample_size: Annotated[str, typer.Option(help="rows a trial, or `all`")] = ALL_ROWS,
    lift: Annotated[float | None, typer.Option(help="of a planted pool, in place of its own")] = None,
    search: Annotated[SearchEngine, typer.Option(help=in_words())] = SearchEngine.SWEEP,
    size: Annotated[int | None, typer.Option(help="survivors, of a sieve seeds examined, in place of its own")] = None,
    seed: Annotated[int, typer.Option(help=f"seed of the pool, and of {samplers()}")] = 1,
    keep: Annotated[bool, typer.Option(help="leave Airflow up until Ctrl-C")] = False,
    timeout_s: Annotated[
        float | None, typer.Option(help=f"seconds that the run may take; {_TIMEOUT_S:g}, or more for a large pool")
    ] = None,
) -> None:
    """Run the whole DAG on a simulated cluster of four rigs with 26 GPUs."""
    console = Console(soft_wrap=True)
    end_once()
    try:
        conf = conf_of(trials, sample_size, search, seed)  # a wrong option should not cost the start of an Airflow
        columns = sample_pool(console, pool, seed, lift, size)
        timeout_s = timeout_s or max(_TIMEOUT_S, len(columns["seeds"]) / _ROWS_A_SECOND)
        ended_well = _demo(console, pool, columns, conf, keep=keep, timeout_s=timeout_s)
    except ScorerError as error:
        console.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(_EXIT_INPUT) from None
    raise typer.Exit(0 if ended_well else 1)


def _demo(
    console: Console, pool: PoolKind, columns: Columns, conf: dict[str, Any], *, keep: bool, timeout_s: float
) -> bool:
    started = time.monotonic()
    pool_name = str(RunConf.model_fields["survivors_path"].default)
    with (
        demo_home(REPOSITORY / "var" / "demo") as home,
        stand(home, {pool_name: columns}) as up,
        MemoryWatch() as memory,
    ):
        console.print(f"rigs: {', '.join(node.name for node in up.cluster.nodes)}")
        console.print(f"Airflow: {up.airflow.url} ({time.monotonic() - started:.0f} s)")
        run_id = trigger(up.client, conf)
        run = follow(
            console, up.client, Installation(up.settings, up.ledger.engine), run_id, timeout_s, up.airflow.check
        )
        ended_well = conclude(console, up.client, up.settings, pool, columns, run)
        console.print(memory.words())
        console.print(f"{time.monotonic() - started:.0f} s in all")
        if keep:
            _stay(console, up)
    return ended_well


def _stay(console: Console, up: Stand) -> None:
    login = f"login {USER} / {up.airflow.password}"
    console.print(f"Airflow stays up: {up.airflow.url}/dags/{DAG_ID}  {login}   Ctrl-C ends it")
    while True:
        up.airflow.check()
        time.sleep(1.0)


if __name__ == "__main__":
    typer.run(main)
