"""Given rigs that lie while they are deployed to, one lie each: each is named, and the honest one is fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from scorer_core.errors import GpuCountMismatch, ProtocolError, RigLost, RigUnfit
from scorer_core.inventory import load_inventory
from scorer_core.transport import bundle
from tests.integration.faults.liars.checked import check_all
from tests.integration.faults.liars.deploying import DEPLOY
from tests.integration.faults.liars.program import unpack_worker
from tests.integration.faults.liars.runs import HONEST, SOURCES, add_liars
from tests.integration.faults.runs import rigs_up, until, workers_at


@pytest.mark.fault(f"a rig that lies while it is deployed to ({len(DEPLOY)} lies)", servers="both")
@pytest.mark.parametrize(("simulated", "openssh"), [([HONEST], []), ([], [HONEST])], ids=["simulated", "OpenSSH"])
def test_a_rig_that_lies_while_it_is_deployed_to_is_named_and_the_others_are_fit(
    tmp_path: Path, outcome: Callable[[str], None], simulated: list[str], openssh: list[str]
) -> None:
    with rigs_up(tmp_path, *simulated, openssh=openssh) as rigs:
        told = add_liars(rigs, DEPLOY, "deploy")
        unpack_worker(bundle.build().content, rigs.folder / SOURCES)
        listed = rigs.folder / "cluster.yaml"
        listed.write_text(yaml.safe_dump({"nodes": rigs.entries}))
        checks = check_all(rigs, load_inventory(listed, "ssh"), told)
        for root in rigs.roots():
            until(lambda root=root: not workers_at(root), f"processes are left at {root}")  # type: ignore[misc]

    assert checks[HONEST].error is None
    errors = {told[name]: checks[name].error for name in told}
    assert len(errors) == len(DEPLOY)
    assert [lie for lie, error in errors.items() if error is None] == []
    assert {type(error) for error in errors.values()} <= {RigUnfit, RigLost, GpuCountMismatch, ProtocolError}
    assert all(
        str(error).startswith("liar-") and str(error).replace("\n", " ").isprintable() for error in errors.values()
    )
    outcome("that rig is named with what it said, made fit to be shown; every other one is deployed to")
