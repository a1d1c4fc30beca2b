"""The table at the end of a demo, and whether the run ended as the pool made us expect."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from scorer_core.errors import assert_never
from scorer_core.gate.verdict import Verdict, row_of
from scorer_core.report.at_a_glance import at_a_glance
from scorer_core.report.summary import RunSummary
from scorer_core.scoring.masks import residue_mask
from sim.demo.client import AirflowClient
from sim.pools import PoolKind
from sim.pools.planted import PLANTED_PARAMS, PLANTED_POLICY

PHASES = (
    "prepare_run",
    "clean_artifacts",
    "deploy_worker",
    "gpu_slots",
    "trial_lane",
    "collect",
    "quality_gate",
    "publish",
    "report",
)


def as_expected(pool: PoolKind, run: dict[str, Any], summary: RunSummary) -> bool:
    """Say whether the run ended as it must on this kind of pool; a sieve pool may end in any verdict."""
    verdict = summary.verdict
    match pool:
        case PoolKind.PLANTED:
            return run["state"] == "success" and verdict is Verdict.PUBLISH and summary.published is not None
        case PoolKind.NULL:
            return verdict is not None and not row_of(verdict).enriched and summary.published is None
        case PoolKind.SIEVE:
            return verdict is not None
        case _:
            assert_never(pool)


def print_outcome(console: Console, summary: RunSummary, seconds: dict[str, float], mask: str | None = None) -> None:
    """Print what the run did and found; `mask` says how what it published compares with what was planted."""
    table = Table(show_header=False, title=f"run {summary.run_id}", title_justify="left")
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in at_a_glance(summary):
        table.add_row(name, value)
    if mask is not None:
        table.add_row("published mask", mask)
    table.add_row("seconds per phase", ", ".join(f"{phase} {value:.1f}" for phase, value in seconds.items()))
    console.print(table)
    gate = summary.gate
    if gate is not None:
        console.print(f"[bold]{gate['verdict']}[/bold]: {gate['reason']}", highlight=False)


def against_the_plant(params: Mapping[str, Any], columns: Mapping[str, NDArray[Any]]) -> str:
    """Say whether a config keeps the rows of the planted mask, and the lift of both on all rows."""
    ours, planted = (residue_mask(columns["seeds"], some, PLANTED_POLICY).kept for some in (params, PLANTED_PARAMS))
    labels = columns["skip_mode"]
    lifts = [float(labels[kept].mean() / labels.mean()) for kept in (ours, planted)]
    same = "the planted one" if np.array_equal(ours, planted) else "not the planted one"
    return f"{same}: lift {lifts[0]:.3f}, planted {lifts[1]:.3f}, on all rows"


def phase_seconds(instances: list[dict[str, Any]]) -> dict[str, float]:
    """Return the seconds from the first start to the last end of each task, mapped ones together."""
    seconds = {}
    for phase in PHASES:
        spans = [
            (datetime.fromisoformat(one["start_date"]), datetime.fromisoformat(one["end_date"]))
            for one in instances
            if one["task_id"] == phase and one["start_date"] and one["end_date"]
        ]
        if spans:
            seconds[phase] = (max(end for _, end in spans) - min(start for start, _ in spans)).total_seconds()
    return seconds


def print_failures(console: Console, client: AirflowClient, instances: list[dict[str, Any]]) -> None:
    """Print the log of every task that failed by itself."""
    for instance in instances:
        if instance["state"] == "failed":
            name = instance["task_id"] + (f"[{instance['map_index']}]" if instance["map_index"] >= 0 else "")
            console.rule(f"log of {name}")
            console.print(client.log(instance), markup=False, highlight=False)
