"""One run of a demo, wherever its Airflow is: the pool before it, the trigger, the table after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray
from rich.console import Console

from scorer_core.cli.search import rows_option
from scorer_core.conf import RunConf
from scorer_core.engines import SearchEngine, traits_of
from scorer_core.errors import RunError
from scorer_core.report.summary import read_summary
from scorer_core.run.folder import RunFiles
from scorer_core.settings import Settings
from sim.demo.client import AirflowClient
from sim.demo.outcome import against_the_plant, as_expected, phase_seconds, print_failures, print_outcome
from sim.pools import DEFAULT_SIZE, PoolKind, make_pool
from sim.pools.fields import Columns

_SEEDS_EXAMINED = 50_000  # by the sieve


def conf_of(trials: int | None, sample_size: str, search: SearchEngine, seed: int) -> dict[str, Any]:
    """Return the conf that a demo's options ask for; a sweep draws nothing, and its seed is the pool's alone.

    Raises:
        SpecError: the options do not go together.
    """
    conf: dict[str, Any] = {"n_trials": trials, "sample_size": rows_option(sample_size), "search": search.value}
    if not traits_of(search).walks_grid:
        conf["seed"] = seed
    RunConf.checked(conf)
    return conf


def sample_pool(console: Console, pool: PoolKind, seed: int, lift: float | None, size: int | None = None) -> Columns:
    """Say which pool is made, and return its columns; `size` is in place of its own."""
    size = size or (_SEEDS_EXAMINED if pool is PoolKind.SIEVE else DEFAULT_SIZE)
    console.print(f"sample pool: {pool.value}, {size} seeds")
    return make_pool(pool, size, seed, lift)


def trigger(client: AirflowClient, conf: dict[str, Any]) -> str:
    """Trigger a run and return its id.

    Raises:
        RunError: Airflow refuses the conf.
    """
    reply = client.trigger(conf)
    if reply.is_error:
        raise RunError(f"Airflow refused the conf: {reply.json().get('detail', reply.text)}")
    return str(reply.json()["dag_run_id"])


def conclude(
    console: Console,
    client: AirflowClient,
    settings: Settings,
    pool: PoolKind,
    columns: Mapping[str, NDArray[Any]],
    run: dict[str, Any],
) -> bool:
    """Print what a run did and found, the logs of what failed; say whether it ended as its pool made us expect."""
    instances = client.task_instances(run["dag_run_id"])
    files = RunFiles.of(settings.runs_dir, run["dag_run_id"])
    if not files.summary.exists():
        print_failures(console, client, instances)
        console.print("the run left no summary", style="red")
        return False
    summary = read_summary(files)
    planted = pool is PoolKind.PLANTED and summary.published is not None
    mask = against_the_plant(files.config.read_json(), columns) if planted else None
    print_outcome(console, summary, phase_seconds(instances), mask)
    ended_well = as_expected(pool, run, summary)
    if not ended_well:
        print_failures(console, client, instances)
        console.print(f"not as expected on a {pool.value} pool: run {run['state']}, {summary.verdict}", style="red")
    return ended_well
