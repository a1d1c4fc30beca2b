"""deploy_worker: worker and pool are on a node, whole, and the node computes the right answer."""

from __future__ import annotations

from dataclasses import replace

from scorer_core.context import RunContext
from scorer_core.engines import traits_of
from scorer_core.fleet.deployed import noted
from scorer_core.rig.protocol import Request
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.spec import RunSpec
from scorer_core.transport.deploy import NodeReport, Shipment, deploy
from scorer_core.transport.smoke import SMOKE_REQUEST, Work


def deploy_worker(context: RunContext, node: str) -> NodeReport:
    """Deploy a run to one node and return what was verified there; how the node is goes into the ledger.

    Raises:
        RigError: a kind of it: unreachable, wrong checksum, GPU count, Python, numpy or answer.
    """

    def deployed() -> NodeReport:
        with context.connect(node) as transport:
            return deploy(transport, shipment_of(context))

    return noted(context.ledger.engine, context.inventory().node(node), deployed)


def shipment_of(context: RunContext) -> Shipment:
    """Return what a run ships to every node."""
    files, run = context.files, context.record
    return Shipment(
        files.worker.read_bytes,
        run.worker_sha256,
        files.pool.read_bytes,
        run.pool_sha256,
        run.spec.mask_policy,
        Work.of(_first_ticket(run.spec)),
    )


def _first_ticket(spec: RunSpec) -> Request:
    """Return the ticket whose time a node is measured with: the first shard has the most to count."""
    if traits_of(spec.search).walks_grid:
        params = shard_params(spec.mask_policy, 0, spec.pinned, spec.n_trials)
        return ShardRequest(0, params, spec.mask_policy, spec.sample_size)
    return replace(SMOKE_REQUEST, sample_size=spec.sample_size)
