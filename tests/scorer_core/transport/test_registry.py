"""A transport is one file and one entry point: then the inventory has its block, and nodes are reached by it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scorer_core.transport.local import LocalTransport
from scorer_core.transport.registry import find, installed
from tests.support.prepared import make_node

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PIGEON = '''
from pydantic import Field
from scorer_core.cluster import Keys, Node
from scorer_core.transport.local import LocalTransport
from scorer_core.transport.port import RigTransport, Transport

class PigeonKeys(Keys):
    """Where the pigeon flies."""
    loft: int = Field(ge=1)
    ring: str = Field(repr=False, max_length=8)

def connect(node: Node) -> RigTransport:
    keys = node.block(PigeonKeys)
    print(f"{node.name}: loft {keys.loft}")
    return LocalTransport(node)

TRANSPORT = Transport(keys=PigeonKeys, connect=connect)
'''


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with an installed package that brings the transport `pigeon`."""
    folder = tmp_path / "site"
    metadata = folder / "pigeon-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "pigeon.py").write_text(PIGEON)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[scorer.transports]\npigeon = pigeon:TRANSPORT\n")
    return folder


def check(site: Path, **block: Any) -> subprocess.CompletedProcess[str]:
    """Run `scorer cluster check` on one node, with a block `pigeon` of these keys."""
    home = site.parent
    (home / "cluster.yaml").write_text(yaml.safe_dump({"nodes": [make_node(home, "rig-a", pigeon=block)]}))
    environ = {
        "PYTHONPATH": f"{site}:{ROOT}:{ROOT / 'plugins'}",
        "SCORER_HOME": str(home),
        "SCORER_RIG_GPUS": "nvidia:2",
    }
    return subprocess.run(
        [sys.executable, "-m", "scorer_core", "cluster", "check"],
        env={**environ, "SCORER_TRANSPORT": "pigeon", "PATH": "/usr/bin:/bin"},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nodes_are_reached_by_it_with_the_keys_of_its_block(site: Path) -> None:
    done = check(site, loft=7, ring="secret")

    assert (done.returncode, done.stderr) == (0, "rig-a: loft 7\n"), "what a transport prints is not in the table"
    assert "loft" not in done.stdout
    assert "ok" in done.stdout


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"loft": 0, "ring": "x"}, "node rig-a: pigeon.loft is 0; it should be greater than or equal to 1"),
        ({"ring": "x"}, "node rig-a: pigeon.loft is missing"),
        ({"loft": 1, "ring": "x", "lofd": 1}, "node rig-a: pigeon.lofd is an unknown key; did you mean 'loft'?"),
        ({"loft": 1, "ring": "PRIVATE-PRIVATE"}, "node rig-a: pigeon.ring: have at most 8 characters"),
    ],
)
def test_its_keys_are_checked_and_its_secrets_not_shown(site: Path, block: dict[str, Any], message: str) -> None:
    done = check(site, **block)

    assert done.returncode == 2
    assert done.stderr == f"error: cluster.yaml: {message}\n"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("pigeon = pigeon:connect", "the transport 'pigeon' is pigeon:connect, which is no Transport"),
        ("pigeon = pigeon:NOTHING", "the transport 'pigeon' cannot be loaded"),
        ("root = pigeon:TRANSPORT\npigeon = pigeon:TRANSPORT", "the inventory can have no block root"),
        ("key = pigeon:TRANSPORT\npigeon = pigeon:TRANSPORT", "the inventory can have no block key"),
    ],
)
def test_a_package_that_brings_no_transport_is_named(site: Path, entry: str, message: str) -> None:
    (site / "pigeon-1.0.dist-info" / "entry_points.txt").write_text(f"[scorer.transports]\n{entry}\n")

    done = check(site, loft=7, ring="x")

    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")


def test_those_that_we_bring_are_installed() -> None:
    assert set(installed()) == {"local", "ssh"}
    assert find("local").connect is LocalTransport
