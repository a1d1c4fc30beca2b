"""look_at_fleet: every node is checked as a run would, between runs, and the ledger keeps how it is."""

from __future__ import annotations

from scorer_core.cluster import Inventory
from scorer_core.fleet.deployed import note_error, note_report
from scorer_core.ledger.ledger import Ledger
from scorer_core.transport.check import NodeCheck, check_cluster
from scorer_core.transport.port import Connect


def look_at_fleet(inventory: Inventory, connect: Connect, ledger: Ledger) -> list[NodeCheck]:
    """Check every node and keep what was found: what fails is drained, and what passes again is lifted."""
    checks = check_cluster(inventory, connect)
    for one in checks:
        if one.report is not None:
            note_report(ledger.engine, one.node, one.report)
        elif one.error is not None:
            note_error(ledger.engine, one.node, one.error)
    return checks
