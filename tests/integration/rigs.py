"""Runs on simulated rigs and on OpenSSH: settings, a prepared run, deployed nodes, lanes in threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from scorer_airflow.ssh.connect import connect
from scorer_core.cluster import Inventory, Node
from scorer_core.context import RunContext
from scorer_core.errors import RigError
from scorer_core.run.slot import Slot
from scorer_core.search.lane import LaneReport
from scorer_core.settings import Settings
from scorer_core.steps.deploy_worker import shipment_of
from scorer_core.steps.trial_lane import trial_lane
from scorer_core.transport.deploy import NodeReport, Shipment, deploy
from tests.support import prepared


def make_settings(home: Path, inventory: Path | Sequence[dict[str, Any]], **changes: Any) -> Settings:
    """Return the settings of an installation that reaches its nodes over SSH."""
    if isinstance(inventory, Path):
        return prepared.make_settings(home, cluster_file=inventory, transport="ssh", **changes)
    return prepared.make_settings(home, *inventory, transport="ssh", **changes)


def deploy_to(node: Node, shipment: Shipment) -> NodeReport:
    """Deploy to one node."""
    with connect(node) as transport:
        return deploy(transport, shipment)


def deploy_all(context: RunContext, only: Collection[str] = ()) -> Inventory:
    """Deploy a run to every node of its inventory, or to some."""
    inventory = context.inventory()
    reports_of(context, only)
    return inventory


def reports_of(context: RunContext, only: Collection[str] = ()) -> list[NodeReport]:
    """Deploy a run to every node of its inventory, or to some, and return what was verified there."""
    nodes = [node for node in context.inventory().nodes if not only or node.name in only]
    return [deploy_to(node, shipment_of(context)) for node in nodes]


def _sleep(seconds: float) -> None:
    time.sleep(min(seconds, 0.05))  # a lane that waits, for its turn or to connect anew, does not wait long


class Lanes:
    """Lanes of one run, a thread each, and how each ended. Their rigs are expected, as by the DAG."""

    def __init__(self, context: RunContext, slots: Sequence[Slot]) -> None:
        context.ledger.expect_lanes(context.run_id, slots)
        self.reports: dict[str, LaneReport] = {}
        self.errors: dict[str, RigError] = {}
        self._run_id, self._settings = context.run_id, context.settings
        self._threads = [threading.Thread(target=self._work, args=(slot,)) for slot in slots]
        for thread in self._threads:
            thread.start()

    def join(self, timeout_s: float = 60.0) -> None:
        """Wait for the end of every lane."""
        for thread in self._threads:
            thread.join(timeout_s)
            assert not thread.is_alive(), "a lane does not end"

    def _work(self, slot: Slot) -> None:
        context = RunContext.load(self._run_id, self._settings)
        try:
            self.reports[slot.label] = trial_lane(context, slot, _sleep)
        except RigError as error:
            self.errors[slot.label] = error
