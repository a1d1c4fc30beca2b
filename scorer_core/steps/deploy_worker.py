"""deploy_worker: worker and pool are on a node, whole, and the node computes the right answer."""

from __future__ import annotations

from scorer_core.context import RunContext
from scorer_core.transport.deploy import NodeReport, Shipment, deploy


def deploy_worker(context: RunContext, node: str) -> NodeReport:
    """Deploy a run to one node and return what was verified there.

    Raises:
        RigError: a kind of it: unreachable, wrong checksum, GPU count, Python, numpy or answer.
    """
    with context.connect(node) as transport:
        return deploy(transport, shipment_of(context))


def shipment_of(context: RunContext) -> Shipment:
    """Return what a run ships to every node."""
    files, run = context.files, context.record
    return Shipment(
        files.worker.read_bytes,
        run.worker_sha256,
        files.pool.read_bytes,
        run.pool_sha256,
        run.spec.mask_policy,
    )
