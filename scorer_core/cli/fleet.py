"""`fleet`, `drain`, `undrain` and `stop`: how every GPU is, and what is taken out of work by hand."""

from __future__ import annotations

import getpass
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from scorer_core.cli.installation import open_installation, open_to_look
from scorer_core.cli.output import print_facts, print_json, print_table
from scorer_core.errors import SpecError

if TYPE_CHECKING:
    from datetime import datetime

    from scorer_core.cluster import Node
    from scorer_core.fleet.state import FleetState, GpuState, NodeState
    from scorer_core.ledger.drains import Drain
    from scorer_core.settings import Settings

Place = Annotated[str, typer.Argument(metavar="NODE[:GPU]", help="A node of the inventory, or one of its GPUs.")]


def add_to(app: typer.Typer) -> None:
    """Make `scorer fleet`, `drain`, `undrain` and `stop` commands of the program."""
    app.command("fleet")(fleet)
    app.command("drain")(drain)
    app.command("undrain")(undrain)
    app.command("stop")(stop)


def fleet(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Show how every node and GPU is, as the ledger knows it; `scorer cluster check` asks them anew."""
    from scorer_core.fleet.state import fleet_state
    from scorer_core.inventory import load_inventory

    settings, engine = open_to_look()
    state = fleet_state(engine, load_inventory(settings.cluster_file, settings.transport).nodes)
    if as_json:
        print_json(state.to_json())
    else:
        print_fleet(state)


def drain(
    place: Place, reason: Annotated[str, typer.Option("--reason", help="Why; everybody who asks is told.")]
) -> None:
    """Give a GPU, or a whole node, no more work: what it works on now it finishes. It holds until `scorer undrain`."""
    from scorer_core.ledger.drains import drain as make

    settings, ledger = open_installation()
    node, gpu = _place(place, settings)
    if not reason.strip():
        raise SpecError("--reason is empty; say why, for whoever finds the GPU drained.")
    print_facts(drained=make(ledger.engine, node.name, gpu, reason.strip(), _who()).words)


def undrain(place: Place) -> None:
    """Lift every drain of a GPU, or of a node, whoever made it; a check that still fails drains it again."""
    from scorer_core.ledger.drains import active_drains, lift

    settings, ledger = open_installation()
    node, gpu = _place(place, settings)
    for one in lift(ledger.engine, node.name, gpu, _who()):
        print_facts(lifted=one.words)
    for one in active_drains(ledger.engine):
        if one.node == node.name and (gpu is None or one.holds(node.name, gpu)):
            print_facts(still=one.words)


def stop(run: Annotated[str, typer.Argument(metavar="RUN", help="A run of `scorer runs`.")]) -> None:
    """End a run's lanes after the trials that they have; collect and gate then work on what there is."""
    from scorer_core.ledger.stops import stop as stop_run

    _, ledger = open_installation()
    since = stop_run(ledger.engine, run, _who())
    print_facts(run=run, stopped=f"{since:%Y-%m-%d %H:%M:%S}Z")


def print_fleet(state: FleetState) -> None:
    """Print a row for each GPU, and below what checks and drains say."""
    columns = ("GPU", "ready", "works on", "seen", "°C", "trials/h", "median s", "against others", "check that failed")
    print_table(columns, [_row(node, gpu, state.at) for node in state.nodes for gpu in node.gpus])
    for node in state.nodes:
        for one in _once(node):
            typer.echo(one.words)
        for said in node.failing:
            found = said.finding
            typer.echo(f"{node.name}: check {found.check} {found.state.value}: {found.reason}")


def _row(node: NodeState, gpu: GpuState, at: datetime) -> tuple[str, ...]:
    failing = ", ".join(f"{one.finding.check} ({one.finding.state.value})" for one in gpu.failing)
    return (
        f"{node.name}:{gpu.gpu}",
        "yes" if gpu.ready else "DRAINED",
        gpu.works_on or "-",
        _ago(at, gpu.last_seen),
        "-" if gpu.temperature_c is None else f"{gpu.temperature_c:.0f}",
        "-" if gpu.trials_an_hour is None else f"{gpu.trials_an_hour:.0f}",
        "-" if gpu.median_s is None else f"{gpu.median_s:.2f}",
        "-" if node.speed is None else f"{node.speed.ratio:.1f}×{' SLOW' if node.speed.slow else ''}",
        failing or "-",
    )


def _once(node: NodeState) -> list[Drain]:
    found = {one.id: one for gpu in node.gpus for one in gpu.drains}
    return [found[identity] for identity in sorted(found)]


def _ago(at: datetime, moment: datetime | None) -> str:
    if moment is None:
        return "never"
    seconds = (at - moment).total_seconds()
    return f"{seconds:.0f} s ago" if seconds < 600 else f"{moment:%Y-%m-%d %H:%M}Z"


def _place(place: str, settings: Settings) -> tuple[Node, int | None]:
    """Return the node, and the GPU if one is named.

    Raises:
        InventoryError: the inventory has no such node.
        SpecError: the node has no such GPU.
    """
    from scorer_core.inventory import load_inventory

    name, colon, number = place.partition(":")
    node = load_inventory(settings.cluster_file, settings.transport).node(name)
    if not colon:
        return node, None
    if not number.isdecimal() or int(number) >= node.gpu.count:
        raise SpecError(f"{place}: {name} has the GPUs 0 to {node.gpu.count - 1}.")
    return node, int(number)


def _who() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"
