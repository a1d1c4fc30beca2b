"""Given a node: worker and pool get there whole, once, and only a node that computes the right answer passes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest

from scorer_core.cluster import Node
from scorer_core.errors import ChecksumMismatch, GpuCountMismatch, RigError, RigUnfit
from scorer_core.rig.paths import RigPaths
from scorer_core.transport import deploy as deployment
from scorer_core.transport.check import make_shipment
from scorer_core.transport.deploy import NodeReport, Shipment
from scorer_core.transport.local import LocalTransport
from tests.scorer_core.steps.installation import make_python
from tests.support.prepared import make_node

pytestmark = pytest.mark.slow

Deploy = Callable[..., NodeReport]


@pytest.fixture(scope="module")
def shipment() -> Shipment:
    return make_shipment()


def deployer(home: Path, shipment: Shipment) -> Deploy:
    """Return what deploys to a node with two GPUs; arguments change its entry of the inventory."""

    def deploy(transport: type[LocalTransport] = LocalTransport, **changes: Any) -> NodeReport:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SCORER_RIG_GPUS", "nvidia:2")
            with transport(Node.model_validate(make_node(home, "rig-a", **changes))) as connection:
                return deployment.deploy(connection, shipment)

    return deploy


@pytest.fixture
def deploy(tmp_path: Path, shipment: Shipment) -> Deploy:
    """Deploys to a node that has nothing yet, unless `deployed` is there, too."""
    return deployer(tmp_path, shipment)


@pytest.fixture(scope="module")
def rigs_deployed_to(tmp_path_factory: pytest.TempPathFactory, shipment: Shipment) -> Path:
    """The folders of rigs that were deployed to; to be copied."""
    home = tmp_path_factory.mktemp("deployed")
    deployer(home, shipment)()
    return home / "rigs"


@pytest.fixture
def deployed(rigs_deployed_to: Path, tmp_path: Path) -> None:
    """The node was deployed to before."""
    shutil.copytree(rigs_deployed_to, tmp_path / "rigs")


@pytest.fixture
def paths(tmp_path: Path) -> RigPaths:
    return RigPaths(PurePosixPath(tmp_path / "rigs" / "rig-a"))


def files_below(root: PurePosixPath) -> set[str]:
    return {path.relative_to(root).as_posix() for path in Path(root).rglob("*") if path.is_file()}


def test_a_new_node_gets_both_files_and_reports_what_it_is(deploy: Deploy, paths: RigPaths, shipment: Shipment) -> None:
    report = deploy()

    assert report.pushed == ("worker", "pool")
    assert (report.node, report.gpus, report.gpu_source) == ("rig-a", 2, "SCORER_RIG_GPUS")
    assert report.numpy == np.__version__
    assert report.cores >= 1
    assert 0 < report.ticket_s < report.trial_timeout_s
    assert report.trial_timeout_s >= 60.0
    assert Path(paths.worker(shipment.worker_sha256)).read_bytes() == shipment.worker()
    assert Path(paths.pool(shipment.pool_sha256)).read_bytes() == shipment.pool()
    assert report.table_bytes == Path(paths.table(shipment.pool_sha256, "max_offset")).stat().st_size
    shown = [name for name in files_below(paths.root) if "/." not in name]
    assert len(shown) == 3, "uploads leave nothing in incoming"
    modes = {path.stat().st_mode & 0o077 for path in Path(paths.root).rglob("*")}
    assert modes == {0}, "others can read what is on the node"


@pytest.mark.usefixtures("deployed")
def test_a_second_deployment_pushes_nothing(deploy: Deploy, paths: RigPaths, shipment: Shipment) -> None:
    before = Path(paths.worker(shipment.worker_sha256)).stat().st_ino

    assert deploy().pushed == ()
    assert Path(paths.worker(shipment.worker_sha256)).stat().st_ino == before


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("name", ["worker", "pool"])
@pytest.mark.parametrize("spoil", ["one bit", "cut off", "emptied"])
def test_a_file_that_changed_on_the_node_is_pushed_again(
    deploy: Deploy, paths: RigPaths, shipment: Shipment, name: str, spoil: str
) -> None:
    file = Path(paths.worker(shipment.worker_sha256) if name == "worker" else paths.pool(shipment.pool_sha256))
    content = file.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    file.write_bytes({"one bit": flipped, "cut off": content[:-1], "emptied": b""}[spoil])

    assert deploy().pushed == (name,)
    assert file.read_bytes() == content


class _Truncating(LocalTransport):
    """A link that loses the last byte of what is put."""

    def put(self, content: bytes, destination: PurePosixPath) -> None:
        super().put(content[:-1], destination)


def test_what_arrives_damaged_never_gets_its_final_name(deploy: Deploy, paths: RigPaths) -> None:
    with pytest.raises(ChecksumMismatch, match="rig-a: the worker arrived with SHA-256 .* expected "):
        deploy(_Truncating)

    assert files_below(paths.root) == set()


@pytest.mark.parametrize("stated", [1, 12])
def test_another_number_of_gpus_than_stated_is_refused_with_both_numbers(deploy: Deploy, stated: int) -> None:
    with pytest.raises(GpuCountMismatch, match=f"rig-a: SCORER_RIG_GPUS sees 2 nvidia GPUs, .* says {stated}"):
        deploy(gpu={"vendor": "nvidia", "count": stated})


def test_gpus_of_another_vendor_do_not_count(deploy: Deploy) -> None:
    with pytest.raises(GpuCountMismatch, match="sees 0 amd GPUs, the inventory says 2"):
        deploy(gpu={"vendor": "amd", "count": 2})


UNFIT = {
    "old Python": (
        "import numpy, platform\nplatform.python_version = lambda: '3.8.10'\nsys.version_info = (3, 8, 10, 'final', 0)",
        r"Python is 3\.8\.10; the worker needs 3\.10 or newer",
    ),
    "old numpy": ("import numpy\nnumpy.__version__ = '1.20.3'", r"numpy is 1\.20\.3; install 1\.24 or newer for /.*py"),
    "no numpy": ("sys.modules['numpy'] = None", r"numpy is not importable \(.*numpy.*\); install 1\.24 or newer"),
    "another answer": (
        "import json\ndumps = json.dumps\n"
        "json.dumps = lambda d, **k: dumps({**d, 'kept': 1, 'objective': 0.5} if 'objective' in d else d, **k)",
        r"the smoke test's answer is \{.*'objective': 0\.5.*\}, expected \{.*Check numpy there",
    ),
    "a talkative Python": ("print('Welcome to rig-a!')", "the probe printed no JSON but: Welcome to rig-a!"),
    "a worker that crashes": (
        "raise SystemError('broken')",
        "the probe failed with exit code 1: .*SystemError: broken",
    ),
}


@pytest.mark.parametrize(("prelude", "message"), UNFIT.values(), ids=UNFIT)
def test_a_node_that_does_not_do_is_refused_with_the_reason(
    deploy: Deploy, tmp_path: Path, prelude: str, message: str
) -> None:
    with pytest.raises(RigUnfit, match=rf"(?s)^rig-a: {message}"):
        deploy(python=make_python(tmp_path / "fake.py", prelude))


def test_a_node_without_that_python_is_refused(deploy: Deploy) -> None:
    with pytest.raises(RigUnfit, match="looking for worker and pool failed with exit code 127: .*not found"):
        deploy(python="python0.9")


def test_a_root_that_cannot_be_made_is_refused(deploy: Deploy, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(RigError, match="rig-a: "):
        deploy(root=str(tmp_path / "file" / "scorer"))
