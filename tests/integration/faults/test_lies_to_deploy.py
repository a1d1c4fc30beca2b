"""Given rigs that lie while they are deployed to, one lie each: each is named, and the honest one is fit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from scorer_airflow.ssh.connect import connect
from scorer_core.cluster import Inventory
from scorer_core.errors import GpuCountMismatch, ProtocolError, RigLost, RigUnfit
from scorer_core.inventory import load_inventory
from scorer_core.transport import bundle
from scorer_core.transport.check import NodeCheck, check_cluster
from tests.integration.faults.liars.deploying import DEPLOY
from tests.integration.faults.liars.program import unpack_worker
from tests.integration.faults.liars.runs import AT_ONCE, HONEST, SOURCES, add_liars, batched
from tests.integration.faults.runs import Rigs, rigs_up, until, workers_at


@pytest.mark.fault(f"a rig that lies while it is deployed to ({len(DEPLOY)} lies)", servers="both")
@pytest.mark.parametrize(("simulated", "openssh"), [([HONEST], []), ([], [HONEST])], ids=["simulated", "OpenSSH"])
def test_a_rig_that_lies_while_it_is_deployed_to_is_named_and_the_others_are_fit(
    tmp_path: Path, outcome: Callable[[str], None], simulated: list[str], openssh: list[str]
) -> None:
    with rigs_up(tmp_path, *simulated, openssh=openssh) as rigs:
        told = add_liars(rigs, DEPLOY, "deploy")
        unpack_worker(bundle.build().content, rigs.folder / SOURCES)
        errors = {told[name]: check.error for name, check in checks_of(rigs, told).items() if name in told}
        for root in rigs.roots():
            until(lambda root=root: not workers_at(root), f"processes are left at {root}")  # type: ignore[misc]

    assert len(errors) == len(DEPLOY)
    assert [lie for lie, error in errors.items() if error is None] == []
    assert {type(error) for error in errors.values()} <= {RigUnfit, RigLost, GpuCountMismatch, ProtocolError}
    assert all(
        str(error).startswith("liar-") and str(error).replace("\n", " ").isprintable() for error in errors.values()
    )
    outcome("that rig is named with what it said, made fit to be shown; every other one is deployed to")


def checks_of(rigs: Rigs, told: dict[str, str]) -> dict[str, NodeCheck]:
    """Deploy to all, as many at once as an sshd lets in, and return what came of each; the honest one must be fit."""
    listed = rigs.folder / "cluster.yaml"
    listed.write_text(yaml.safe_dump({"nodes": rigs.entries}))
    inventory = load_inventory(listed, "ssh")
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
    assert checks[HONEST].error is None
    return checks
