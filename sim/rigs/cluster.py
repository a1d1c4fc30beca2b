"""The simulated cluster: all its nodes, their keys, and the inventory that describes them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import yaml

from sim.rigs.keys import make_key_pair
from sim.rigs.node import NodeSpec, SimNode, SimulationError
from sim.rigs.template import check_names, read_template

__all__ = ["NodeSpec", "SimCluster", "SimNode", "SimulationError"]

_READY_S = 30.0


class SimCluster:
    """A running cluster of simulated nodes; a context manager that stops it.

    Owned by the process that started it: when that process ends, however it ends, so do the nodes.
    Clusters share nothing but the machine, so any number of them can run side by side.
    """

    def __init__(self, folder: Path, nodes: Sequence[SimNode]) -> None:
        self.folder = folder
        self.inventory = folder / "cluster.yaml"
        self.nodes = tuple(nodes)

    @classmethod
    def start(cls, template: Path | None, folder: Path, *, nodes: Sequence[NodeSpec] | None = None) -> SimCluster:
        """Start all nodes, wait until each accepts SSH, and write the complete inventory.

        `template` is a cluster file without what the simulation fills in; `nodes` replaces it.
        `folder` is created (0700) and will hold keys, homes and logs.

        Raises:
            SimulationError: the template does not do, the folder is in use, or a node does not come up.
        """
        specs = _choose_specs(template, nodes)
        folder = folder.resolve()
        _make_folder(folder)
        client_key = make_key_pair(folder / "client_key")
        cluster = cls(folder, [SimNode(spec, folder / spec.name, client_key) for spec in specs])
        try:
            cluster._come_up()
        except BaseException:  # also Ctrl-C: no node may stay behind
            cluster.stop()
            raise
        return cluster

    def __enter__(self) -> SimCluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def node(self, name: str) -> SimNode:
        """Return a node by its name.

        Raises:
            SimulationError: there is none of that name.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise SimulationError(f"{name}: no such node. There are {', '.join(node.name for node in self.nodes)}.")

    def kill(self, name: str) -> None:
        """Cut a node's power: SIGKILL to its server and everything under it. Idempotent."""
        self.node(name).cut_power()

    def restart(self, name: str) -> None:
        """Bring a node up again, with the port, host key and home it had; cuts its power first if it is up.

        Raises:
            SimulationError: it does not come up.
        """
        node = self.node(name)
        node.cut_power()
        node.launch()
        node.wait_ready()

    def stop(self) -> None:
        """End all nodes with all that runs on them, and give their ports back. Idempotent.

        Raises:
            SimulationError: a process survives; the other nodes are stopped all the same.
        """
        for node in self.nodes:
            node.ask_to_stop()
        problems = []
        for node in self.nodes:
            try:
                node.finish()
            except TimeoutError as error:
                problems.append(f"{node.name}: {error}")
        if problems:
            raise SimulationError("; ".join(problems))

    def _come_up(self) -> None:
        for node in self.nodes:
            node.launch()
        deadline = time.monotonic() + _READY_S
        for node in self.nodes:
            node.wait_ready(max(1.0, deadline - time.monotonic()))
        header = "# Written by the simulation for this one cluster; it is gone when the cluster is.\n"
        entries = {"nodes": [node.inventory_entry() for node in self.nodes]}
        self.inventory.write_text(header + yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")


def _choose_specs(template: Path | None, nodes: Sequence[NodeSpec] | None) -> list[NodeSpec]:
    if nodes is not None:
        return check_names(list(nodes), "nodes")
    if template is None:
        raise SimulationError("the simulated cluster needs a template or a list of nodes. Give one of them.")
    return read_template(template)


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SimulationError(f"{folder} is not empty. Give the simulated cluster a folder of its own.")
    folder.chmod(0o700)
