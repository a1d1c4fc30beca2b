"""Between runs every node is asked, and the ledger keeps how it is: what fails is drained, what passes is lifted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scorer_core.cluster import Inventory, Node
from scorer_core.context import open_ledger
from scorer_core.errors import RigError, RigUnreachable
from scorer_core.inventory import load_inventory
from scorer_core.ledger.checks import checked
from scorer_core.ledger.drains import active_drains
from scorer_core.ledger.ledger import Ledger
from scorer_core.rig.health.check import Finding, State
from scorer_core.steps import look_at_fleet as step
from scorer_core.transport.check import NodeCheck
from scorer_core.transport.deploy import NodeReport
from scorer_core.transport.local import LocalTransport
from tests.support.prepared import make_settings

REPORT = NodeReport("head", 2, "nvidia-smi", "3.12", "2.0", (), 4, 1.0, 60.0)


def look(
    patch: pytest.MonkeyPatch, inventory: Inventory, ledger: Ledger, found: dict[str, NodeReport | RigError]
) -> list[NodeCheck]:
    """Look at the fleet, whose nodes answer as given."""

    def check(node: Node) -> NodeCheck:
        said = found[node.name]
        return NodeCheck(node, None, said) if isinstance(said, RigError) else NodeCheck(node, said, None)

    patch.setattr(step, "check_cluster", lambda asked, _connect: [check(node) for node in asked.nodes])
    return step.look_at_fleet(inventory, LocalTransport, ledger)


def test_what_each_node_says_is_kept_and_drains_follow_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = make_settings(tmp_path)
    inventory, ledger = load_inventory(settings.cluster_file, "local"), open_ledger(settings)
    hot = Finding("temperature", 1, State.FAILED, "95 °C")
    down = RigUnreachable("rig-a", "no SSH connection")

    checks = look(monkeypatch, inventory, ledger, {"head": replace(REPORT, findings=(hot,)), "rig-a": down})

    assert [(one.node.name, one.error) for one in checks] == [("head", None), ("rig-a", down)]
    assert [one.place for one in active_drains(ledger.engine)] == ["head:1"]
    states = {(one.node, one.finding.check): one.finding.state for one in checked(ledger.engine)}
    assert (states["head", "reachable"], states["rig-a", "reachable"]) == (State.OK, State.FAILED)

    cool = replace(hot, state=State.OK, reason="")
    look(monkeypatch, inventory, ledger, {"head": replace(REPORT, findings=(cool,)), "rig-a": REPORT})

    assert active_drains(ledger.engine) == []
    states = {(one.node, one.finding.check): one.finding.state for one in checked(ledger.engine)}
    assert states["rig-a", "reachable"] is State.OK
