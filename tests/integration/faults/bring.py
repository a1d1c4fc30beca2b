"""Rigs as a deployment leaves them: the real one for the first of its kind, copies of what it left for the others.

For faults that come after a deployment. Those of the deployment itself deploy to each rig.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Collection
from functools import cache
from pathlib import Path

from scorer_airflow.ssh.keys import SshKeys
from scorer_core.cluster import Node
from scorer_core.context import RunContext
from scorer_core.steps.deploy_worker import shipment_of
from scorer_core.transport.deploy import Shipment
from tests.integration.rigs import deploy_to
from tests.support.folders import folder_until_exit

_FOLDERS = ("workers", "pools", "tables")


def bring_to_all(context: RunContext, only: Collection[str] = ()) -> None:
    """Bring what a run ships, and the tables made of it, to every node of its inventory, or to some."""
    shipment = shipment_of(context)
    for node in context.inventory().nodes:
        if not only or node.name in only:
            _bring(node, shipment)


def _bring(node: Node, shipment: Shipment) -> None:
    root, left = Path(node.root), _copies() / _kind(node, shipment)
    if node.python != sys.executable:  # a rig whose Python is a test's own
        deploy_to(node, shipment)
    elif left.exists():
        shutil.copytree(left, root, dirs_exist_ok=True)
    else:
        assert not any((root / name).exists() for name in _FOLDERS), f"{root}: deployed to before"
        deploy_to(node, shipment)
        fresh = Path(tempfile.mkdtemp(dir=_copies()))
        for name in _FOLDERS:
            if (root / name).exists():
                shutil.copytree(root / name, fresh / name)
        fresh.rename(left)


def _kind(node: Node, shipment: Shipment) -> str:
    """Return the name of what deployment leaves on a kind of server: those of the two have different users."""
    user = node.block(SshKeys).user
    return f"{user}-{node.tables}-{shipment.mask_policy.value}-{shipment.worker_sha256}-{shipment.pool_sha256}"


@cache
def _copies() -> Path:
    return folder_until_exit()
