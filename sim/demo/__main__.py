"""The program behind `make demo`."""

from __future__ import annotations

import signal
import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console

from scorer_core.cli.search import ALL_ROWS, rows_option
from scorer_core.conf import RunConf
from scorer_core.engines import SearchEngine, in_words, samplers, traits_of
from scorer_core.errors import RunError, ScorerError
from scorer_core.report.summary import read_summary
from scorer_core.run.folder import RunFiles
from sim.demo.airflow_stack import USER
from sim.demo.client import DAG_ID
from sim.demo.follow import follow
from sim.demo.home import demo_home
from sim.demo.outcome import as_expected, phase_seconds, print_failures, print_outcome
from sim.demo.stand import REPOSITORY, Columns, Stand, stand
from sim.pools import DEFAULT_SIZE, PoolKind, make_pool

_SEEDS_EXAMINED = 50_000  # by the sieve
_EXIT_INPUT = 2
_EXIT_INTERRUPTED = 130
_EXIT_TERMINATED = 143


def main(
    pool: Annotated[PoolKind, typer.Option(help="sample pool")] = PoolKind.PLANTED,
    trials: Annotated[int | None, typer.Option(help=f"n_trials of the run, for {samplers()}")] = None,
    sample_size: Annotated[str, typer.Option(help="rows a trial, or `all`")] = ALL_ROWS,
    lift: Annotated[float | None, typer.Option(help="of a planted pool, in place of its own")] = None,
    search: Annotated[SearchEngine, typer.Option(help=in_words())] = SearchEngine.SWEEP,
    seed: Annotated[int, typer.Option(help=f"seed of the pool, and of {samplers()}")] = 1,
    keep: Annotated[bool, typer.Option(help="leave Airflow up until Ctrl-C")] = False,
    timeout_s: Annotated[float, typer.Option(help="seconds that the run may take")] = 900.0,
) -> None:
    """Run the whole DAG on a simulated cluster of four rigs with 26 GPUs."""
    console = Console(soft_wrap=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_EXIT_TERMINATED))
    try:
        conf = {"n_trials": trials, "sample_size": rows_option(sample_size), "search": search.value}
        if not traits_of(search).walks_grid:
            conf["seed"] = seed
        RunConf.checked(conf)  # a wrong option should not cost the start of an Airflow
        columns = make_pool(pool, _size(pool), seed, lift)
        ended_well = _demo(console, pool, columns, conf, keep=keep, timeout_s=timeout_s)
    except ScorerError as error:
        console.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(_EXIT_INPUT) from None
    except KeyboardInterrupt:
        raise typer.Exit(_EXIT_INTERRUPTED) from None
    raise typer.Exit(0 if ended_well else 1)


def _demo(
    console: Console, pool: PoolKind, columns: Columns, conf: dict[str, Any], *, keep: bool, timeout_s: float
) -> bool:
    started = time.monotonic()
    console.print(f"sample pool: {pool.value}, {_size(pool)} seeds")
    pool_name = str(RunConf.model_fields["survivors_path"].default)
    with demo_home(REPOSITORY / "var" / "demo") as home, stand(home, {pool_name: columns}) as up:
        console.print(f"rigs: {', '.join(node.name for node in up.cluster.nodes)}")
        console.print(f"Airflow: {up.airflow.url} ({time.monotonic() - started:.0f} s)")
        run_id = _trigger(up, conf)
        run = follow(console, up.airflow, up.client, up.ledger, run_id, timeout_s)
        ended_well = _conclude(console, up, pool, run)
        console.print(f"{time.monotonic() - started:.0f} s in all")
        if keep:
            _stay(console, up)
    return ended_well


def _size(pool: PoolKind) -> int:
    return _SEEDS_EXAMINED if pool is PoolKind.SIEVE else DEFAULT_SIZE


def _trigger(up: Stand, conf: dict[str, Any]) -> str:
    reply = up.client.trigger(conf)
    if reply.is_error:
        raise RunError(f"Airflow refused the conf: {reply.json().get('detail', reply.text)}")
    return str(reply.json()["dag_run_id"])


def _conclude(console: Console, up: Stand, pool: PoolKind, run: dict[str, Any]) -> bool:
    instances = up.client.task_instances(run["dag_run_id"])
    files = RunFiles.of(up.settings.runs_dir, run["dag_run_id"])
    if not files.summary.exists():
        print_failures(console, up.client, instances)
        console.print("the run left no summary", style="red")
        return False
    summary = read_summary(files)
    print_outcome(console, summary, phase_seconds(instances))
    ended_well = as_expected(pool, run, summary)
    if not ended_well:
        print_failures(console, up.client, instances)
        console.print(f"not as expected on a {pool.value} pool: run {run['state']}, {summary.verdict}", style="red")
    return ended_well


def _stay(console: Console, up: Stand) -> None:
    login = f"login {USER} / {up.airflow.password}"
    console.print(f"Airflow stays up: {up.airflow.url}/dags/{DAG_ID}  {login}   Ctrl-C ends it")
    while True:
        up.airflow.check()
        time.sleep(1.0)


if __name__ == "__main__":
    typer.run(main)
