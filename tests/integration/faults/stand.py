"""Two rigs whose drivers, kernel, disk and clock a test spoils, and what the head makes of how they say they are."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from scorer_core.context import RunContext
from scorer_core.ledger.checks import note
from scorer_core.ledger.drains import active_drains
from scorer_core.pool.survivors import pool_from_columns
from scorer_core.rig.health.check import Finding, Phase
from scorer_core.run.slot import Slot
from scorer_core.steps.deploy_worker import deploy_worker
from scorer_core.steps.gpu_slots import gpu_slots
from scorer_core.transport import health
from scorer_core.transport.port import RigTransport
from scorer_core.transport.session import WorkerSession
from sim.pools import PoolKind, make_pool
from tests.integration.faults.disks import small_disk
from tests.integration.faults.driver import FakeDriver
from tests.integration.faults.kernel import FakeKernel
from tests.integration.faults.network import require_root
from tests.integration.faults.runs import workers_at
from tests.integration.rigs import make_settings
from tests.support.prepared import prepared
from tests.support.sshd import OpenSshServer

NVIDIA, AMD = "rig-n", "rig-a"
GPUS = {NVIDIA: 3, AMD: 2}
_DISK, _INODES = 200_000_000, 1_000


@dataclass(frozen=True)
class Stand:
    """A run that is deployed to two rigs over connections that stay open, and what stands in for their hardware."""

    context: RunContext
    smi: FakeDriver
    rocm: FakeDriver
    kernel: FakeKernel
    links: dict[str, RigTransport]

    def look(self, node: str) -> list[Finding]:
        """Have a rig look at itself as between runs, and let the head keep what it found; drains follow."""
        with health.looking(self.links[node], self.context.record.worker_sha256, Phase.BETWEEN) as seen:
            found = seen()
        note(self.context.ledger.engine, node, found)
        return found

    def drained(self) -> list[str]:
        """Return what is drained."""
        return [one.place for one in active_drains(self.context.ledger.engine)]

    def slots(self, node: str) -> list[int]:
        """Return the GPUs of a rig that the next run would use."""
        drained = active_drains(self.context.ledger.engine)
        found = gpu_slots(self.context.inventory(), dict.fromkeys(GPUS, 60.0), 0, drained)
        return sorted(slot.gpu for slot in found if slot.node == node)

    def mend(self) -> None:
        """Let all be well."""
        for each in (self.smi, self.rocm, self.kernel):
            each.mend()

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Fill the disk of NVIDIA's rig up to a two-hundredth."""
        require_root()
        root = self._root(NVIDIA)
        ballast = root / "ballast"
        with ballast.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, int(os.statvfs(root).f_bavail * 4096 - _DISK / 200))
        yield
        ballast.unlink()

    @contextmanager
    def no_inodes(self) -> Iterator[None]:
        """Use up the files that the disk of NVIDIA's rig can hold."""
        require_root()
        folder = self._root(NVIDIA) / "many"
        folder.mkdir()
        names = [folder / str(number) for number in range(os.statvfs(folder).f_ffree)]
        for name in names:
            name.touch()
        yield
        for name in names:
            name.unlink()
        folder.rmdir()

    @contextmanager
    def head_ahead(self, seconds: float) -> Iterator[None]:
        """Let the head's clock be ahead of the rigs'."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(health, "time", SimpleNamespace(time=lambda: time.time() + seconds))
            yield

    @contextmanager
    def left_over_worker(self, node: str) -> Iterator[None]:
        """Stop a worker on the first GPU of a rig, and forget it; in the end the next worker there ends it."""
        stopped = self._worker(node)
        (process,) = [one for one in workers_at(self._root(node)) if "serve" in one.cmdline()]
        process.send_signal(signal.SIGSTOP)
        lock = self._root(node) / "locks/gpu0.lock"
        os.utime(lock, (time.time() - 100, time.time() - 100))
        stopped.close()
        yield
        self._worker(node).close()
        process.wait(5)

    def _worker(self, node: str) -> WorkerSession:
        run = self.context.record
        return WorkerSession.start(
            *(self.links[node], Slot(node, 0)),
            run_id=run.run_id,
            worker_sha256=run.worker_sha256,
            pool_sha256=run.pool_sha256,
            silence_s=20.0,
            cache_mb=8,
        )

    def _root(self, node: str) -> Path:
        return Path(self.links[node].node.root)


@contextmanager
def stand_up(folder: Path) -> Iterator[Stand]:
    """Start both rigs and deploy a run to them; the disk of NVIDIA's is small, where mounts may be made."""
    smi = FakeDriver(folder / "nvidia", GPUS[NVIDIA])
    rocm = FakeDriver(folder / "amd", GPUS[AMD], "rocm-smi")
    kernel = FakeKernel(folder / "sys", GPUS[AMD])
    with ExitStack() as stack:
        tree = {"SCORER_RIG_SYS": str(kernel.folder)}
        servers = [
            OpenSshServer(folder / NVIDIA, NVIDIA, gpus=GPUS[NVIDIA], programs=smi.folder),
            OpenSshServer(folder / AMD, AMD, vendor="amd", gpus=GPUS[AMD], programs=rocm.folder, environ=tree),
        ]
        for server in servers:
            stack.enter_context(server)
        root = servers[0].home / "scorer"
        stack.enter_context(small_disk(root, _DISK, _INODES) if os.geteuid() == 0 else nullcontext())
        settings = make_settings(folder / "home", [server.inventory_entry() for server in servers])
        pool = pool_from_columns(make_pool(PoolKind.PLANTED, 1_000, seed=1), where="pool")
        context = prepared(settings, pool, n_trials=4, sample_size=None, search="random", seed=3)
        for node in GPUS:
            deploy_worker(context, node)
        links = {node: stack.enter_context(context.connect(node)) for node in GPUS}
        yield Stand(context, smi, rocm, kernel, links)
