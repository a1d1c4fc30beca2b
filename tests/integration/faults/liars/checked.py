"""Deploying to rigs that lie meanwhile, and to the honest one among them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from scorer_airflow.ssh.connect import connect
from scorer_core.cluster import Inventory
from scorer_core.transport.check import NodeCheck, check_cluster
from tests.integration.faults.liars.runs import AT_ONCE, HONEST, batched
from tests.integration.faults.runs import Rigs


def check_all(rigs: Rigs, inventory: Inventory, told: Mapping[str, str]) -> dict[str, NodeCheck]:
    """Deploy to all, as many at once as an sshd lets in, the honest one last; return what came of each.

    `told` has the lie of each liar; only the honest rig and those that lie about tables make one.
    """
    with_table = {HONEST, *(liar for liar, name in told.items() if name.startswith("table: "))}
    nodes = {node.name: node.model_copy(update={"tables": node.name in with_table}) for node in inventory.nodes}
    check_cluster(Inventory(nodes=(nodes[HONEST],)), connect)
    for liar, name in told.items():  # what is pushed to the honest rig need not be pushed to each
        if not name.startswith("present: "):
            shutil.copytree(rigs.root(HONEST), rigs.root(liar), dirs_exist_ok=True)
    checks: dict[str, NodeCheck] = {}
    for some in batched([*told, HONEST], AT_ONCE):
        asked = Inventory(nodes=tuple(nodes[name] for name in some))
        checks |= {one.node.name: one for one in check_cluster(asked, connect)}
    return checks
