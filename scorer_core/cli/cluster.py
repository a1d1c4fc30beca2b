"""`cluster check` says whether all nodes of the inventory are fit for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from scorer_core.cli.output import print_table, quiet
from scorer_core.errors import RunError
from scorer_core.rig.health.check import State
from scorer_core.rig.health.table import check_of

if TYPE_CHECKING:
    from scorer_core.transport.check import NodeCheck

app = typer.Typer(help="Look after the nodes of the inventory.")


@app.callback()
def _group() -> None:
    """Keep `check` a command of its own, while it is the only one."""


@app.command()
def check() -> None:
    """Verify every node as a run would: connection, worker, GPUs, Python, numpy, health, one known answer.

    What it finds goes into the ledger, and drains or lifts: `scorer fleet` shows it.
    Exit code 2 when a node does not pass. The inventory is SCORER_CLUSTER_FILE.
    """
    from scorer_core.cli.installation import open_installation
    from scorer_core.inventory import load_inventory
    from scorer_core.settings import load_settings
    from scorer_core.steps.look_at_fleet import look_at_fleet
    from scorer_core.transport.registry import find

    settings = load_settings()
    inventory = load_inventory(settings.cluster_file, settings.transport)
    connect = find(settings.transport).connect
    with quiet():
        checks = look_at_fleet(inventory, connect, open_installation()[1])
    print_table(("node", "GPUs", "seen by", "Python", "numpy", "status"), [_row(one) for one in checks])
    for node, found in ((one.node, found) for one in checks if one.report for found in one.report.findings):
        if found.state is not State.OK:
            place = node.name if found.gpu is None else f"{node.name}:{found.gpu}"
            words = f"{found.state.value}: {found.reason}. {check_of(found.check).hint}"
            typer.echo(f"{place}: check {found.check} {words}")
    failed = [one.node.name for one in checks if one.error is not None]
    if failed:
        raise RunError(
            f"{len(failed)} of {len(checks)} nodes did not pass: {', '.join(failed)}. See the table. "
            f"The inventory is {settings.cluster_file}."
        )


def _row(one: NodeCheck) -> tuple[str, ...]:
    node, report = one.node, one.report
    if report is None:
        return node.name, "-", "-", "-", "-", str(one.error).removeprefix(f"{node.name}: ")
    gpus = f"{report.gpus} {node.gpu.vendor.value}"
    return node.name, gpus, report.gpu_source, report.python, report.numpy, "ok"
