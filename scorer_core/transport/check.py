"""The check of a whole cluster: everything that a deployment verifies, on every node at once, without a run."""

from __future__ import annotations

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from scorer_core.cluster import Inventory, Node
from scorer_core.errors import RigError, RigUnfit
from scorer_core.pool.files import npz_bytes
from scorer_core.rig.health.check import Phase
from scorer_core.transport import bundle
from scorer_core.transport.deploy import NodeReport, Shipment, deploy
from scorer_core.transport.port import Connect

log = logging.getLogger(__name__)

_ROWS = 1000
_MINORITY_EVERY = 7  # shares no factor with the trial numbers' cycle: each trial has rows of both classes
_TRIALS = 5
_MAX_THREADS = 32


@dataclass(frozen=True)
class NodeCheck:
    """What came of checking one node: what was verified there, or the error that ended the check."""

    node: Node
    report: NodeReport | None
    error: RigError | None


def check_cluster(inventory: Inventory, connect: Connect) -> list[NodeCheck]:
    """Deploy the worker and a tiny pool to every node and verify them there; in the inventory's order."""
    check = partial(_check_node, connect=connect, shipment=make_shipment())
    with ThreadPoolExecutor(min(len(inventory.nodes), _MAX_THREADS)) as threads:
        return list(threads.map(check, inventory.nodes))


def make_shipment() -> Shipment:
    """Make the worker and a tiny pool; the same bytes each time, so that nodes keep one copy."""
    worker, pool = bundle.build(), _tiny_pool()
    return Shipment(lambda: worker.content, worker.sha256, lambda: pool, hashlib.sha256(pool).hexdigest())


def _tiny_pool() -> bytes:
    rows = np.arange(_ROWS)
    return npz_bytes(
        {
            "seeds": rows.astype("<u8"),
            "skip_mode": (rows % _MINORITY_EVERY == 0).astype("u1"),
            "trial_number": (rows % _TRIALS).astype("<i8"),
        }
    )


def _check_node(node: Node, connect: Connect, shipment: Shipment) -> NodeCheck:
    try:
        with connect(node) as transport:
            return NodeCheck(node, deploy(transport, shipment, Phase.BETWEEN), None)
    except RigError as error:
        return NodeCheck(node, None, error)
    except Exception as error:  # of whatever kind: the other nodes are to be seen all the same
        log.exception("the check of %s ended in a fault", node.name)
        return NodeCheck(node, None, RigUnfit(node.name, f"{type(error).__name__}: {error}"))
