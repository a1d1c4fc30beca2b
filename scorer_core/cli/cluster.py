"""`cluster check` says whether all nodes of the inventory are fit for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from scorer_core.cli.output import print_table
from scorer_core.errors import RunError

if TYPE_CHECKING:
    from scorer_core.transport.check import NodeCheck

app = typer.Typer(help="Look after the nodes of the inventory.")


@app.callback()
def _group() -> None:
    """Keep `check` a command of its own, while it is the only one."""


@app.command()
def check() -> None:
    """Verify every node as a run would: connection, worker, GPUs, Python, numpy, one known answer.

    Exit code 2 when a node does not pass. The inventory is SCORER_CLUSTER_FILE.
    """
    from scorer_core.inventory import load_inventory
    from scorer_core.settings import load_settings
    from scorer_core.transport.check import check_cluster
    from scorer_core.transport.registry import find

    settings = load_settings()
    inventory = load_inventory(settings.cluster_file, settings.transport)
    checks = check_cluster(inventory, find(settings.transport).connect)
    print_table(("node", "GPUs", "seen by", "Python", "numpy", "status"), [_row(one) for one in checks])
    failed = [one.node.name for one in checks if one.error is not None]
    if failed:
        raise RunError(f"{len(failed)} of {len(checks)} nodes did not pass: {', '.join(failed)}. See the table.")


def _row(one: NodeCheck) -> tuple[str, ...]:
    node, report = one.node, one.report
    if report is None:
        return node.name, "-", "-", "-", "-", str(one.error).removeprefix(f"{node.name}: ")
    gpus = f"{report.gpus} {node.gpu.vendor.value}"
    return node.name, gpus, report.gpu_source, report.python, report.numpy, "ok"
