"""Deployment to one node: worker and pool are there, whole, and the node computes the right answer."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from scorer_core.errors import ChecksumMismatch, GpuCountMismatch, RigUnfit
from scorer_core.pool.survivors import pool_from_bytes
from scorer_core.rig.health.check import Finding, Phase, State
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.scripts.install import EXIT_CHECKSUM
from scorer_core.rig.versions import MIN_NUMPY, MIN_PYTHON
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.sweep.table import size_of_table
from scorer_core.transport import commands
from scorer_core.transport.answers import Present, Probe, answer, tail
from scorer_core.transport.health import looking
from scorer_core.transport.port import RigTransport
from scorer_core.transport.smoke import Work, derived_timeout_s, smoke_test
from scorer_core.transport.tables import make_table

log = logging.getLogger(__name__)

RESERVE_BYTES = 64 * 1024 * 1024
"""Space that a run's journals may need beside worker, pool and table: some kB a trial or shard."""
BYTES_PER_ROW = 17
"""What a row of the pool's three columns takes in its file."""


@dataclass(frozen=True)
class NodeReport:
    """What deploy verified on a node; `table_bytes` is None where the workers of the node map no table.

    `findings` are those of the health checks: what becomes of them is the caller's.

    `ticket_s` is how long the first ticket of the run takes there, at most, and `trial_timeout_s` what follows from it.
    """

    node: str
    gpus: int
    gpu_source: str
    python: str
    numpy: str
    pushed: tuple[str, ...]
    cores: int
    ticket_s: float
    trial_timeout_s: float
    table_bytes: int | None = None
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object, without what the ledger keeps: the findings."""
        kept = {name: value for name, value in vars(self).items() if name != "findings"}
        return {**kept, "pushed": list(self.pushed)}


@dataclass(frozen=True)
class Shipment:
    """The two files that a node needs, each read when it is wanted, their checksums, and what it will be asked."""

    worker: Callable[[], bytes]
    worker_sha256: str
    pool: Callable[[], bytes]
    pool_sha256: str
    mask_policy: MaskPolicy = MaskPolicy.MAX_OFFSET
    work: Work = Work()


def deploy(transport: RigTransport, shipment: Shipment, phase: Phase = Phase.DEPLOY) -> NodeReport:
    """Bring worker and pool to a node if missing, hash them there, probe it, test known answers, and time it.

    The node's health is looked at, too, and told: which of its GPUs may work is for the ledger's drains to say.

    Raises:
        RigError: a kind of it: unreachable, wrong checksum, GPU count, Python, numpy or answer.
    """
    pushed = _push_missing(transport, shipment)
    with looking(transport, shipment.worker_sha256, phase) as found:  # both ask the driver, at once
        probe = _probe(transport, shipment)
        log.info("%s: %s", transport.node.name, _seen(probe))
        findings = found()
    _check_probe(transport, probe, findings)
    table = None
    if transport.node.tables:
        table = make_table(transport, shipment.worker_sha256, shipment.pool_sha256, shipment.mask_policy)
    log.info("%s: asking for known answers, and timing the first ticket", transport.node.name)
    started = time.monotonic()
    ticket_s = smoke_test(
        transport,
        worker_sha256=shipment.worker_sha256,
        pool_sha256=shipment.pool_sha256,
        pool=lambda: pool_from_bytes(shipment.pool(), "search.npz"),
        table=shipment.mask_policy.value if transport.node.tables else None,
        work=shipment.work,
    )
    told = (transport.node.name, time.monotonic() - started, ticket_s)
    log.info("%s: the answers are the head's, %.1f s; the first ticket takes %.2f s there", *told)
    return NodeReport(
        node=transport.node.name,
        gpus=transport.node.gpu.count,
        gpu_source=probe.gpu_source,
        python=probe.python,
        numpy=probe.numpy or "",
        pushed=pushed,
        cores=probe.cores,
        ticket_s=round(ticket_s, 3),
        trial_timeout_s=round(derived_timeout_s(ticket_s, transport.node, probe.cores), 1),
        table_bytes=table,
        findings=tuple(findings),
    )


def _paths(transport: RigTransport) -> RigPaths:
    return RigPaths(PurePosixPath(transport.node.root))


def _push_missing(transport: RigTransport, shipment: Shipment) -> tuple[str, ...]:
    paths, node, python = _paths(transport), transport.node, transport.node.python
    files = (
        ("worker", shipment.worker, paths.worker(shipment.worker_sha256), shipment.worker_sha256),
        ("pool", shipment.pool, paths.pool(shipment.pool_sha256), shipment.pool_sha256),
    )
    pairs = [text for _, _, final, sha256 in files for text in (str(final), sha256)]
    command = commands.script(python, "present", node.root, *pairs)
    found = answer(transport, command, "looking for worker and pool", Present)
    missing = [
        (name, read(), final, sha256)
        for there, (name, read, final, sha256) in zip(found.present, files, strict=True)
        if not there
    ]
    needed = sum(len(content) for _, content, _, _ in missing) + RESERVE_BYTES
    if node.tables:
        new_rows = sum(len(content) // BYTES_PER_ROW for name, content, _, _ in missing if name == "pool")
        needed += size_of_table(new_rows, shipment.mask_policy)
    if found.free < needed:
        raise RigUnfit(
            node.name,
            f"{found.free / 1e6:.0f} MB are free below {node.root}, the run needs {needed / 1e6:.0f} MB. "
            "Free some space, or lower SCORER_KEEP_RUNS and SCORER_KEEP_DAYS.",
        )
    for name in (name for there, (name, *_) in zip(found.present, files, strict=True) if there):
        log.info("%s: the %s is there, its checksum verified: not pushed", node.name, name)
    for name, content, final, sha256 in missing:
        started = time.monotonic()
        _push(transport, name, content, final, sha256)
        log.info(
            "%s: pushed the %s, %.2f MB in %.1f s, its checksum verified there",
            node.name,
            name,
            len(content) / 1e6,
            time.monotonic() - started,
        )
    return tuple(name for name, _, _, _ in missing)


def _push(transport: RigTransport, name: str, content: bytes, final: PurePosixPath, sha256: str) -> None:
    temporary = _paths(transport).incoming(f"{sha256[:16]}.{uuid.uuid4().hex}")
    transport.put(content, temporary)
    command = commands.script(transport.node.python, "install", str(temporary), str(final), sha256)
    done = transport.run(command)
    if done.exit_code == EXIT_CHECKSUM:
        raise ChecksumMismatch(
            transport.node.name,
            f"the {name} {tail(done.stderr)}, expected {sha256}. Check the node's disk, then clear this task.",
        )
    if done.exit_code:
        raise RigUnfit(transport.node.name, f"the {name} could not be installed: {tail(done.stderr)}")


def _probe(transport: RigTransport, shipment: Shipment) -> Probe:
    node = transport.node
    worker = _paths(transport).worker(shipment.worker_sha256)
    return answer(transport, commands.probe(node.python, worker, node.gpu.vendor), "the probe", Probe)


def _seen(probe: Probe) -> str:
    """Return in words what a probe found."""
    gpus = f"{probe.gpus} GPUs" if probe.gpus is not None else f"GPUs unknown ({probe.gpu_problem})"
    return f"{gpus} by {probe.gpu_source}, Python {probe.python}, numpy {probe.numpy}, {probe.cores} cores"


def _check_probe(transport: RigTransport, probe: Probe, findings: Sequence[Finding]) -> None:
    """Refuse a node that is unfit as a whole; a driver that answers for some GPUs alone costs the others."""
    node = transport.node
    answering = [found.gpu for found in findings if found.check == "driver" and found.state is State.OK]
    if probe.gpus is None and not answering:
        raise RigUnfit(
            node.name,
            f"its GPUs cannot be counted: {probe.gpu_problem or 'nobody says why'}. That is no count of 0: the driver "
            "hangs or is not there. Run its program on the node, and restart the node if it hangs there, too.",
        )
    if probe.gpus not in (None, node.gpu.count):
        raise GpuCountMismatch(
            node.name,
            f"{probe.gpu_source} sees {probe.gpus} {node.gpu.vendor.value} GPUs, the inventory says "
            f"{node.gpu.count}. Correct gpu.count, or find the missing card.",
        )
    if not probe.python_fits:
        raise RigUnfit(node.name, f"Python is {probe.python}; the worker needs {_version(MIN_PYTHON)} or newer.")
    if not probe.numpy_fits:
        found = probe.numpy or f"not importable ({probe.numpy_error})"
        raise RigUnfit(node.name, f"numpy is {found}; install {_version(MIN_NUMPY)} or newer for {node.python}.")


def _version(version: tuple[int, int]) -> str:
    return ".".join(str(part) for part in version)
