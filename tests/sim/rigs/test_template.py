"""Given a cluster file for the simulation: it is read whole or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.rigs.cluster import SimCluster
from sim.rigs.node import NodeSpec, SimulationError
from sim.rigs.template import read_template

pytestmark = pytest.mark.slow

DEMO = Path(__file__).resolve().parents[3] / "config" / "cluster.yaml"
GOOD = "{name: a, gpu: {vendor: amd, count: 8}}"


def test_the_demo_has_a_head_with_2_gpus_and_three_rigs_with_8() -> None:
    specs = read_template(DEMO)
    assert [(spec.name, spec.vendor, spec.gpus, spec.head) for spec in specs] == [
        ("head", "nvidia", 2, True),
        ("rig-6600", "amd", 8, False),
        ("rig-6600b", "amd", 8, False),
        ("rig-6600c", "amd", 8, False),
    ]
    assert sum(spec.gpus for spec in specs) == 26


def test_the_demo_starts_from_its_template(tmp_path: Path) -> None:
    with SimCluster.start(DEMO, tmp_path / "demo") as cluster:
        assert [node.name for node in cluster.nodes] == ["head", "rig-6600", "rig-6600b", "rig-6600c"]
        assert all(node.running for node in cluster.nodes)


def test_what_a_node_leaves_out_has_a_default(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text(f"nodes: [{GOOD}]")
    assert read_template(path) == [NodeSpec("a", "amd", 8, max_concurrent=None, start_stagger_s=0.0, head=False)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nodes: [", "cannot be read"),
        ("[]", "expected `nodes:`"),
        ("nodes: []", "expected `nodes:`"),
        ("nodes: [text]", "node 1: expected the node's keys"),
        (f"nodes: [{GOOD}, {GOOD}]", "node a occurs twice"),
        ("nodes: [{name: ../a, gpu: {vendor: amd, count: 8}}]", "'../a' is no node name"),
        ("nodes: [{name: a, ssh: {port: 22}, gpu: {vendor: amd, count: 8}}]", "the simulation fills in `ssh` itself"),
        ("nodes: [{name: a, gpus: 8}]", "unknown key `gpus`"),
        ("nodes: [{name: a, host: rig.example, gpu: {vendor: amd, count: 8}}]", "unknown key `host`"),
        ("nodes: [{name: a, gpu: {vendor: amd}}]", "missing or of the wrong type"),
        ("nodes: [{name: a, gpu: {vendor: amd, count: many}}]", "missing or of the wrong type"),
        ("nodes: [{name: a}]", "missing or of the wrong type"),
    ],
)
def test_a_bad_template_is_refused_with_the_place_and_the_reason(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    with pytest.raises(SimulationError) as caught:
        read_template(path)
    assert "cluster.yaml" in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="none.yaml: cannot be read"):
        read_template(tmp_path / "none.yaml")


def test_a_cluster_needs_nodes_from_somewhere(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="needs a template or a list of nodes"):
        SimCluster.start(None, tmp_path / "c")
    with pytest.raises(SimulationError, match="at least one node"):
        SimCluster.start(None, tmp_path / "c", nodes=[])
