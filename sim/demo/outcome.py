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
    for name, value in _rows(summary):
        table.add_row(name, value)
    if mask is not None:
        table.add_row("published mask", mask)
    table.add_row("seconds per phase", ", ".join(f"{phase} {value:.1f}" for phase, value in seconds.items()))
    console.print(table)
    gate = summary.gate
    if gate is not None:
        console.print(f"[bold]{gate['verdict']}[/bold]: {gate['reason']}", highlight=False)


def _rows(summary: RunSummary) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    collected, gate, best = summary.collected, summary.gate, summary.best
    if collected is not None:
        counts = f"{collected.executed} / {collected.collected} / {collected.reported}"
        rows.append(("trials executed / collected / reported", f"{counts} of {collected.budget}"))
    rows.append(("sample sizes seen", ", ".join(str(size) for size in summary.sample_sizes)))
    nodes = ", ".join(f"{node} ({trials} trials)" for node, trials in summary.nodes.items())
    rows.append(("nodes and GPUs used", f"{nodes}; {summary.gpus} GPUs"))
    if collected is not None:
        rows.extend((f"not believed: {node}", why) for node, why in collected.distrusted.items())
    if best is not None:
        rows.append(("best trial on its sample", f"{best.number}, objective {best.objective:.4f}"))
    if gate is not None and gate["candidate"] is not None:
        rows.extend(_gate_rows(gate))
    if summary.regret is not None and summary.evidence is not None:
        rows.append(("short of the sweep", _shortfall(summary.regret, summary.evidence)))
    rows.append(("verdict", summary.verdict or "none: the run did not reach the gate"))
    published = summary.published
    rows.append(("config", "not published" if published is None else published.config))
    rows.append(("run folder", summary.folder))
    return rows


def against_the_plant(params: Mapping[str, Any], columns: Mapping[str, NDArray[Any]]) -> str:
    """Say whether a config keeps the rows of the planted mask, and the lift of both on all rows."""
    ours, planted = (residue_mask(columns["seeds"], some, PLANTED_POLICY).kept for some in (params, PLANTED_PARAMS))
    labels = columns["skip_mode"]
    lifts = [float(labels[kept].mean() / labels.mean()) for kept in (ours, planted)]
    same = "the planted one" if np.array_equal(ours, planted) else "not the planted one"
    return f"{same}: lift {lifts[0]:.3f}, planted {lifts[1]:.3f}, on all rows"


def _shortfall(regret: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:
    """Say by how much a search that samples fell short of the sweep that the head made beside it."""
    found, optimum = regret["sampled"]["objective"], regret["optimum"]["objective"]
    told = f"by {regret['regret']:.4f}: {found:.4f} of {optimum:.4f}"
    if evidence["optimum"] is None:
        return told
    params = ", ".join(f"{name} {value}" for name, value in evidence["optimum"]["params"].items())
    return f"{told}; the sweep finds {params}"


def _gate_rows(gate: Mapping[str, Any]) -> list[tuple[str, str]]:
    candidate, proof = gate["candidate"], gate["proof"]
    params = ", ".join(f"{name} {value}" for name, value in candidate["params"].items())
    fitted = proof["cross_fitted_lift"]
    return [
        ("candidate", params),
        ("objective on all rows", f"{candidate['evaluation']['objective']:.4f}"),
        ("guaranteed lift", f"{proof['guaranteed_lift']:.3f}, with 95 % confidence for every config at once"),
        ("cross-fitted lift", "nothing can be told" if fitted is None else f"{fitted:.3f}"),
        ("p, the whole space paid for", f"10^{proof['log10_p_space']:.1f}, needed {gate['alpha_j']:.2g}"),
    ]


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
