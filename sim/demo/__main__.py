"""The program behind `make demo`."""

from __future__ import annotations

import signal
import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console

from scorer_core.cli.search import rows_option
from scorer_core.engines import SearchEngine, in_words
from scorer_core.errors import ScorerError
from scorer_core.spec import RunSpec
from sim.demo.airflow_stack import USER
from sim.demo.client import DAG_ID
from sim.demo.follow import follow
from sim.demo.home import demo_home
from sim.demo.one_run import conclude, sample_pool, trigger
from sim.demo.stand import REPOSITORY, Stand, stand
from sim.pools import PoolKind

_EXIT_INPUT = 2
_EXIT_INTERRUPTED = 130
_EXIT_TERMINATED = 143


def main(
    pool: Annotated[PoolKind, typer.Option(help="sample pool")] = PoolKind.PLANTED,
    trials: Annotated[int, typer.Option(help="n_trials of the run")] = 100,
    sample_size: Annotated[str, typer.Option(help="rows a trial, or `all`")] = "5000",
    lift: Annotated[float | None, typer.Option(help="of a planted pool, in place of its own")] = None,
    search: Annotated[SearchEngine, typer.Option(help=in_words())] = SearchEngine.TPE,
    seed: Annotated[int, typer.Option(help="seed of the pool and of the search")] = 1,
    keep: Annotated[bool, typer.Option(help="leave Airflow up until Ctrl-C")] = False,
    timeout_s: Annotated[float, typer.Option(help="seconds that the run may take")] = 900.0,
) -> None:
    """Run the whole DAG on a simulated cluster of four rigs with 26 GPUs."""
    console = Console(soft_wrap=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_EXIT_TERMINATED))
    try:
        conf = {"n_trials": trials, "sample_size": rows_option(sample_size), "search": search.value, "seed": seed}
        ended_well = _demo(console, pool, lift, conf, keep=keep, timeout_s=timeout_s)
    except ScorerError as error:
        console.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(_EXIT_INPUT) from None
    except KeyboardInterrupt:
        raise typer.Exit(_EXIT_INTERRUPTED) from None
    raise typer.Exit(0 if ended_well else 1)


def _demo(
    console: Console, pool: PoolKind, lift: float | None, conf: dict[str, Any], *, keep: bool, timeout_s: float
) -> bool:
    RunSpec.from_conf(conf)  # a wrong option should not cost the start of an Airflow
    started = time.monotonic()
    columns = sample_pool(console, pool, conf["seed"], lift)
    pool_name = str(RunSpec.model_fields["survivors_path"].default)
    with demo_home(REPOSITORY / "var" / "demo") as home, stand(home, {pool_name: columns}) as up:
        console.print(f"rigs: {', '.join(node.name for node in up.cluster.nodes)}")
        console.print(f"Airflow: {up.airflow.url} ({time.monotonic() - started:.0f} s)")
        run_id = trigger(up.client, conf)
        run = follow(console, up.client, up.ledger, run_id, timeout_s, up.airflow.check)
        ended_well = conclude(console, up.client, up.settings, pool, run)
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
